import BallastOperations
import Testing

@Suite struct NumericArrayTests {
  static func file(
    _ header: String, _ elements: [UInt8] = [], version: [UInt8] = [1, 0], length: Int? = nil
  ) -> [UInt8] {
    let size = length ?? header.utf8.count
    let sizeBytes = (0..<(version[0] == 1 ? 2 : 4)).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) }
    return [0x93] + Array("NUMPY".utf8) + version + sizeBytes + Array(header.utf8) + elements
  }

  static func header(_ type: String, _ shape: String, order: String = "False") -> String {
    "{'descr': '\(type)', 'fortran_order': \(order), 'shape': \(shape), }\n"
  }

  @Test func readsWhatItWrites() throws {
    let scratch = try Scratch()
    let path = scratch.path("array.npy")
    let arrays = [
      try NumericArray([1.5, -2, 0.25] as [Float], shape: [3]), try NumericArray([-7, 8] as [Int32], shape: [2, 1]),
      try NumericArray([0, 255] as [UInt8], shape: [1, 2]), try NumericArray([5] as [UInt8], shape: []),
      try NumericArray([] as [UInt8], shape: [0, 26, 6]),
    ]
    for array in arrays {
      try array.write(to: path)
      let read = try NumericArray.read(path)
      #expect(read.shape == array.shape)
      #expect(read.type == array.type)
      #expect(read.encoded == array.encoded)
      #expect((array.encoded.count - array.count * array.type.byteCount) % 64 == 0)
    }
  }

  @Test(arguments: [
    ("|u1", [UInt8(200)], 200), ("<u1", [200], 200), (">u1", [200], 200), ("|i1", [0xFE], -2), ("<u2", [1, 2], 513),
    ("<i2", [0xFE, 0xFF], -2), ("<u4", [0, 0, 0, 0x80], 1 << 31), ("<i4", [0xFF, 0xFF, 0xFF, 0xFF], -1),
    ("<u8", [1, 0, 0, 0, 0, 0, 0, 0], 1), ("<i8", [0, 0, 0, 0, 0, 0, 0, 0x80], Int.min),
    ("<f2", [0, 0x40], 2), ("<f4", [0, 0, 0x40, 0x40], 3), ("<f8", [0, 0, 0, 0, 0, 0, 0x10, 0xC0], -4),
  ])
  func readsEveryType(_ type: String, _ bytes: [UInt8], _ value: Int) throws {
    let array = try NumericArray(decoding: Self.file(Self.header(type, "(1,)"), bytes), source: "a")
    #expect(try array.integers(in: Int.min...Int.max) == [value])
    #expect(try array.floats(in: -1e20...1e20) == [Float(value)])
  }

  @Test(arguments: [[UInt8(1), 0], [2, 0], [3, 0]])
  func readsEveryVersion(_ version: [UInt8]) throws {
    let header = "{\"shape\":(2,1),'fortran_order':False,'descr':'|u1'}"
    let array = try NumericArray(decoding: Self.file(header, [3, 4], version: version), source: "a")
    #expect(array.shape == [2, 1])
    #expect(try array.integers(UInt16.self, in: 0...9) == [3, 4])
  }

  @Test(arguments: [
    "", "{}", "{", "}", "()", "{'descr'}", "{'descr': }", "{'descr': 'u1'", "{'shape': (1,), }",
    header("|u1", "(1)"), header("|u1", "1"), header("|u1", "[1]"), header("|u1", "(-1,)"), header("|u1", "(1.0,)"),
    header("|u1", "(1L,)"), header("|u1", "(,)"), header("|u1", "(1,,1)"), header("|u1", "(1 1)"),
    header("|u1", "(99999999999999999999,)"), header("|u1", "(1,)", order: "0"), header("|u1", "(1,)", order: "false"),
    header("|u1", "(1,)") + "x", header("|u1", "(1,)") + header("|u1", "(1,)"), header("|u\\x31", "(1,)"),
    "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'extra': 1}",
    "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
    "{'descr': __import__('os'), 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '|u1\u{0}', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': 'é', 'fortran_order': False, 'shape': ()}",
    String(repeating: "(", count: 60_000), "{'descr': '" + String(repeating: "a", count: 60_000),
  ])
  func refusesMalformedHeaders(_ header: String) {
    #expect { try NumericArray(decoding: Self.file(header, [1]), source: "a.npy") } throws: { error in
      guard case .malformedHeader("a.npy", _, _) = error as? ArrayError else { return false }
      return "\(error)".contains("a.npy has a malformed header: at byte")
    }
  }

  @Test(arguments: ["|b1", "<c8", "|O", "|S5", "<U5", "<f16", "<M8[ns]", "=u1", "u1", "<", "", "|u2", "<u3"])
  func refusesOtherTypes(_ type: String) {
    #expect(throws: ArrayError.unsupportedType(file: "a", type: type)) {
      try NumericArray(decoding: Self.file(Self.header(type, "(1,)"), [1]), source: "a")
    }
  }

  @Test(arguments: [">i2", ">f4", ">u8"])
  func refusesBigEndian(_ type: String) {
    #expect(throws: ArrayError.bigEndian(file: "a", type: type)) {
      try NumericArray(decoding: Self.file(Self.header(type, "(1,)"), [1, 0, 0, 0]), source: "a")
    }
  }

  static let sized: [([UInt8], ArrayError)] = [
    ([], .notAnArray(file: "a")), (Array("PK\u{3}\u{4}".utf8), .notAnArray(file: "a")),
    (Array(file("").prefix(9)), .headerTruncated(file: "a", neededBytes: 10, fileBytes: 9)),
    (Array(file("", version: [2, 0]).prefix(11)), .headerTruncated(file: "a", neededBytes: 12, fileBytes: 11)),
    (file("{}", length: 500), .headerTruncated(file: "a", neededBytes: 510, fileBytes: 12)),
    (
      file("{}", version: [2, 0], length: 0xFFFF_FFFF),
      .headerTooLong(file: "a", bytes: 0xFFFF_FFFF, limitBytes: 65_536)
    ),
    (file("{}", version: [0, 0]), .unsupportedVersion(file: "a", major: 0, minor: 0)),
    (file("{}", version: [4, 0]), .unsupportedVersion(file: "a", major: 4, minor: 0)),
    (file("{}", version: [1, 1]), .unsupportedVersion(file: "a", major: 1, minor: 1)),
    (file(header("|u1", "(2, 2)", order: "True"), [1, 2, 3, 4]), .columnMajor(file: "a")),
    (file(header("<i4", "(2,)"), [1, 2, 3, 4]), .sizeMismatch(file: "a", shape: [2], neededBytes: 8, foundBytes: 4)),
    (file(header("|u1", "(2,)"), [1, 2, 3]), .sizeMismatch(file: "a", shape: [2], neededBytes: 2, foundBytes: 3)),
    (file(header("|u1", "()"), []), .sizeMismatch(file: "a", shape: [], neededBytes: 1, foundBytes: 0)),
    (file(header("|u1", "(0,)"), [1]), .sizeMismatch(file: "a", shape: [0], neededBytes: 0, foundBytes: 1)),
    (file(header("<f8", "(4611686018427387904, 2)")), .sizeOverflow(file: "a", shape: [1 << 62, 2])),
    (file(header("<f8", "(4611686018427387904,)")), .sizeOverflow(file: "a", shape: [1 << 62])),
    (
      file(header("|u1", "(0, 4611686018427387904, 4)")), .sizeOverflow(file: "a", shape: [0, 1 << 62, 4])
    ),
    (
      file(header("|u1", "(" + String(repeating: "1,", count: 33) + ")"), [1]),
      .tooManyDimensions(file: "a", dimensions: 33, limit: 32)
    ),
  ]

  @Test(arguments: sized)
  func refusesSizesThatDoNotAgree(_ bytes: [UInt8], _ error: ArrayError) {
    #expect(throws: error) { try NumericArray(decoding: bytes, source: "a") }
    #expect(error.description.hasPrefix("a "))
  }

  @Test func survivesEveryTruncationAndEveryFlippedByte() throws {
    let whole = try NumericArray([1, 2, 3, 4] as [Int32], shape: [2, 2]).encoded
    for length in 0..<whole.count {
      #expect(throws: ArrayError.self) { try NumericArray(decoding: Array(whole.prefix(length)), source: "a") }
    }
    for index in whole.indices {
      for value: UInt8 in [0, 0x27, 0x28, 0x39, 0x7D, 0xFF] {
        var bytes = whole
        bytes[index] = value
        guard let array = try? NumericArray(decoding: bytes, source: "a") else { continue }
        #expect(array.shape.reduce(1, *) == array.count)
        #expect(array.count * array.type.byteCount == 16)
      }
    }
  }

  @Test func refusesShapesThatDoNotHoldTheValues() {
    #expect(throws: ArrayError.self) { try NumericArray([1] as [Float], shape: [2]) }
    #expect(throws: ArrayError.self) { try NumericArray([1] as [Float], shape: [-1]) }
    #expect(throws: ArrayError.self) { try NumericArray([] as [UInt8], shape: [Int.max, Int.max]) }
  }

  @Test(arguments: [(Float.nan, "nan"), (.infinity, "inf"), (-1, "-1.0"), (0.5, "0.5"), (3e30, "3e+30")])
  func namesTheValueThatIsNoCount(_ value: Float, _ text: String) throws {
    let array = try NumericArray([0, 1, 2, 3, 4, value], shape: [3, 2])
    #expect {
      try array.integers(in: 0...1000)
    } throws: { error in
      guard case .valueOutOfRange(_, [2, 1], let found, _) = error as? ArrayError else { return false }
      return Double(found)?.description == Double(text)?.description || Float(found) == value
    }
  }

  @Test func namesTheValueThatDoesNotFit() throws {
    let bytes: [UInt8] = [255, 255, 255, 255, 255, 255, 255, 255]
    let array = try NumericArray(decoding: Self.file(Self.header("<u8", "(1,)"), bytes), source: "a")
    #expect(
      throws: ArrayError.valueOutOfRange(
        file: "a", position: [0], value: "18446744073709551615", allowed: "a whole number from 0 to 5")
    ) { try array.integers(in: 0...5) }
    let wide = try NumericArray([300] as [Int32], shape: [1])
    #expect(throws: ArrayError.self) { try wide.integers(UInt8.self, in: 0...1000) }
    #expect(throws: ArrayError.self) { try NumericArray([.nan] as [Float], shape: [1]).floats(in: -1...1) }
    #expect(throws: ArrayError.self) { try NumericArray([2] as [Float], shape: [1]).floats(in: -1...1) }
  }
}
