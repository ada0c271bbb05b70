import Foundation

/// The rotations that tell attention where a token stands.
///
/// A head's first half is paired with its second half, as the Mixtral format's reference implementation does.
struct RotaryTable: Sendable {
  private let half: Int
  /// How far each pair has turned, `[position][pair]`.
  private let cosines: [Float]
  private let sines: [Float]

  init(positions: Int, headWidth: Int, theta: Double) {
    let half = headWidth / 2
    let angles = (0..<positions * half).map { index in
      // The reference rounds the frequency and the angle to float32 before it takes the cosine.
      Float(index / half) * Float(1 / pow(theta, Double(2 * (index % half)) / Double(headWidth)))
    }
    self.half = half
    cosines = angles.map { Float(cos(Double($0))) }
    sines = angles.map { Float(sin(Double($0))) }
  }

  /// Rotates `heads` consecutive heads of `row`, from `first` on, to `position`.
  func rotate(_ row: inout [Float], from first: Int, heads: Int, to position: Int) {
    var vector = row.mutableSpan
    for head in 0..<heads {
      let start = first + head * 2 * half
      for pair in 0..<half {
        let cosine = cosines[position * half + pair]
        let sine = sines[position * half + pair]
        let left = vector[start + pair]
        let right = vector[start + half + pair]
        vector[start + pair] = left * cosine - right * sine
        vector[start + half + pair] = right * cosine + left * sine
      }
    }
  }
}
