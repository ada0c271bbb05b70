/// How long a worker looks for its next batch before it sleeps.
///
/// Waking a sleeping thread takes many times longer than a small batch does. While batches come in quick succession a
/// worker looks a little longer than they have been apart; where they come seldom it sleeps at once and burns no core.
struct Vigil {
  // Algorithm: the recent gap is a mean that forgets half of itself with every batch; a gap beyond the longest look
  // counts as one, so that one pause does not end the vigil and a second does.
  private var gapNanoseconds = Vigil.longestNanoseconds

  /// The longest look, and so the most a core is held for nothing after the last of a series of batches.
  static let longestNanoseconds: UInt64 = 100_000

  /// How long to look now.
  var lookNanoseconds: UInt64 {
    gapNanoseconds < Self.longestNanoseconds / 2 ? 2 * gapNanoseconds : Doorbell.lookNanoseconds
  }

  /// A batch came after the worker had had nothing to do for so long.
  mutating func met(afterNanoseconds gap: UInt64) {
    gapNanoseconds = (gapNanoseconds + min(gap, Self.longestNanoseconds)) / 2
  }
}
