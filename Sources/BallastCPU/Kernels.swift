import CBallastKernels

/// The kernels in use, each present.
@safe struct Kernels: Sendable {
  // Safety: functions of the kernel library; what each may touch is stated in its header.
  typealias Sources = UnsafePointer<ballast_source>
  private typealias Functions = ballast_kernel_set

  /// Packs some strips of a matrix.
  let pack: @convention(c) (Int32, Sources?, Sources?, Int, Int, Int, Int, UnsafeMutableRawPointer?) -> Int32
  // Safety: as above.
  /// Rounds outputs to codes and scales.
  let quantize:
    @convention(c) (Int32, Sources?, Int, Int, Int, UnsafeMutablePointer<Int8>?, UnsafeMutablePointer<UInt16>?) -> Int32
  // Safety: as above.
  /// As `pack`, from codes and scales.
  let packCodes:
    @convention(c) (
      Int32, UnsafePointer<ballast_codes>?, UnsafePointer<ballast_codes>?, Int, Int, Int, Int, UnsafeMutableRawPointer?
    ) -> Int32
  /// Computes rows by packed weights.
  let expert:
    @convention(c) (
      UnsafePointer<ballast_expert>?, UnsafePointer<ballast_expert>?, UnsafePointer<Float>?, UnsafePointer<Int32>?, Int,
      UnsafeMutablePointer<Float>?,
      UnsafeMutableRawPointer?
    ) -> Void
  // Safety: callers pass memory of the sizes the header asks for.
  /// Sums entries by their gates; answers 1 when the sum is finite.
  let combine:
    @convention(c) (
      UnsafePointer<Float>?, Int, UnsafePointer<Int32>?, UnsafePointer<Float>?, Int, UnsafeMutablePointer<Float>?, Int
    ) -> Int32
  /// Computes rows by weights as the checkpoint stores them.
  let exact:
    @convention(c) (
      Sources?, Sources?, Sources?, Int, Int, UnsafePointer<Float>?, Int, UnsafeMutablePointer<Float>?,
      UnsafeMutableRawPointer?
    ) -> Void
  /// Multiplies and adds in registers alone; answers how often.
  let arithmetic: @convention(c) (Int32, Int) -> Double
  // Safety: as above.
  /// Reads memory.
  let read: @convention(c) (UnsafeRawPointer?, Int) -> UInt32

  /// The best for this processor.
  static let current = Kernels()

  private init() {
    // Safety: a set is constant, and lives as long as the process.
    guard let set = unsafe ballast_kernels()?.pointee, let pack = unsafe set.pack, let expert = unsafe set.expert,
      let combine = unsafe set.combine, let exact = unsafe set.exact, let quantize = unsafe set.quantize,
      let packCodes = unsafe set.pack_codes, let arithmetic = unsafe set.arithmetic, let read = unsafe set.read
    else { preconditionFailure("every kernel set is complete") }
    unsafe self.pack = pack
    unsafe self.quantize = quantize
    unsafe self.packCodes = packCodes
    unsafe self.expert = expert
    self.arithmetic = arithmetic
    unsafe self.read = read
    unsafe self.combine = combine
    unsafe self.exact = exact
  }
}
