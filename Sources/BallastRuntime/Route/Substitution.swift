import Glibc

/// Puts resident experts in the place of experts that are not; a lane's scratch.
struct Substitution: Sendable {
  // Algorithm: an evicted choice becomes the resident expert of highest logit that its token has not chosen, with the
  // gate weight a softmax would give that expert beside the token's other choices; then the row is scaled to the sum
  // it had. A token that has chosen every resident expert keeps what it chose, which is served from where it is stored.

  /// The choices after it.
  private(set) var selection: Selection
  /// `[place in the row]`: what the token has chosen by now.
  private var taken: [UInt16] = []

  /// Scratch for layers of `expertsPerLayer` experts.
  init(expertsPerLayer: Int) { selection = Selection(expertsPerLayer: expertsPerLayer) }

  /// Makes `selection` the choices of `span` with as few evicted experts as can be.
  ///
  /// - Parameters:
  ///   - span: What the gate chose, with gate weights.
  ///   - logits: `[token][expert]`, what the gate chose by.
  ///   - isEvicted: `[expert]`.
  /// - Returns: Choices replaced; 0 leaves `selection` unspecified.
  /// - Complexity: O(choices + evicted choices · experts); allocates only beyond the largest batch seen.
  mutating func replace(_ span: borrowing SelectionSpan, logits: Span<Float>, isEvicted: [Bool]) -> Int {
    let experts = span.expertsPerLayer
    guard logits.count == span.tokenCount * experts, isEvicted.count == experts, holdsEvicted(span, isEvicted) else {
      return 0
    }
    selection.replace(with: span)
    guard selection.assignmentCount == span.assignmentCount else { return 0 }
    var replaced = 0
    for token in 0..<selection.tokenCount {
      let row = logits.extracting(token * experts..<(token + 1) * experts)
      replaced += replaceRow(selection.assignments(of: token), row, isEvicted)
    }
    return replaced
  }

  private func holdsEvicted(_ span: borrowing SelectionSpan, _ isEvicted: [Bool]) -> Bool {
    for choice in 0..<span.assignmentCount where isEvicted[Int(span.expert(at: choice))] { return true }
    return false
  }

  private mutating func replaceRow(_ choices: Range<Int>, _ logits: Span<Float>, _ isEvicted: [Bool]) -> Int {
    guard choices.contains(where: { isEvicted[Int(selection.experts[$0])] }) else { return 0 }
    taken.removeAll(keepingCapacity: true)
    var before: Float = 0
    for choice in choices {
      taken.append(selection.experts[choice])
      before += selection.gates[choice]
    }
    var replaced = 0
    for choice in choices where isEvicted[Int(selection.experts[choice])] {
      guard let next = best(logits, isEvicted) else { break }
      let gap = logits[next] - logits[Int(selection.experts[choice])]
      // A choice may stand below its runner-up when the gate did not choose by logits alone.
      selection.set(choice, expert: UInt16(next), gate: selection.gates[choice] * expf(min(gap, 0)))
      taken.append(UInt16(next))
      replaced += 1
    }
    selection.scale(choices, to: before)
    return replaced
  }

  /// The resident expert of highest logit that is not taken, the lower of equals; nil when there is none.
  private func best(_ logits: Span<Float>, _ isEvicted: [Bool]) -> Int? {
    var best: Int?
    for expert in logits.indices where !isEvicted[expert] && logits[expert] > best.map({ logits[$0] }) ?? -.infinity {
      if !taken.contains(UInt16(truncatingIfNeeded: expert)) { best = expert }
    }
    return best
  }
}
