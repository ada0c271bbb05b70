/// The candidate that differs from `word` in the fewest letters, when that is a third of it or less.
package func nearest(to word: String, among candidates: [String]) -> String? {
  // Whatever is much longer than any key is no misspelling, and comparing it would take its time.
  guard word.utf8.count <= 100 else { return nil }
  let ranked = candidates.map { (distance: editDistance(word, $0), candidate: $0) }
  guard let best = ranked.min(by: { $0.distance < $1.distance }), best.distance <= word.count / 3 else { return nil }
  return best.candidate
}

/// Letters to insert, remove or replace to make one word of another; case does not matter.
package func editDistance(_ first: String, _ second: String) -> Int {
  let target = Array(second.lowercased())
  var row = Array(0...target.count)
  for (index, letter) in first.lowercased().enumerated() {
    var diagonal = row[0]
    row[0] = index + 1
    for column in target.indices {
      let replaced = diagonal + (letter == target[column] ? 0 : 1)
      diagonal = row[column + 1]
      row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
    }
  }
  return row[target.count]
}
