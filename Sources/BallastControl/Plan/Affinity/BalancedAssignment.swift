/// The cheapest way to give every row one of the places of the columns.
struct BalancedAssignment {
  // Algorithm: successive shortest paths. A row takes a place where that is cheapest; when the column is full, one of
  // its rows leaves for another column, and so on along the cheapest chain of such changes to a place that is free.
  private let cost: (Int, Int) -> Double
  private let places: [Int]
  private var rows: [[Int]]
  /// `[column · columns + column]`: the cheapest row to go from one to the other.
  private var change: [(price: Double, row: Int)]

  /// `[row]`: its column.
  private(set) var columns: [Int]

  /// Solves for `cost(row, column)`; `places` are `[column]`, as many in all as rows or more.
  ///
  /// - Complexity: O(rows · columns²).
  init(rows count: Int, places: [Int], cost: @escaping (Int, Int) -> Double) {
    self.cost = cost
    self.places = places
    rows = Array(repeating: [], count: places.count)
    change = Array(repeating: (.infinity, -1), count: places.count * places.count)
    columns = Array(repeating: -1, count: count)
    for row in 0..<count { add(row) }
  }

  private mutating func add(_ row: Int) {
    let count = places.count
    var distance = (0..<count).map { cost(row, $0) }
    var previous = Array(repeating: -1, count: count)
    // Full columns lead on; no chain has more steps than there are columns.
    for _ in 0..<count {
      var isSettled = true
      for from in 0..<count where rows[from].count >= places[from] && !rows[from].isEmpty {
        for to in 0..<count where to != from {
          let price = distance[from] + change[from * count + to].price
          // Rounding must not close a cycle.
          if price < distance[to] - 1e-9 * max(1, abs(distance[to])) {
            distance[to] = price
            previous[to] = from
            isSettled = false
          }
        }
      }
      if isSettled { break }
    }
    let open = (0..<count).filter { rows[$0].count < places[$0] }
    guard var target = open.min(by: { (distance[$0], $0) < (distance[$1], $1) }) else { return }
    var path = [target]
    while previous[target] >= 0, path.count <= count {
      target = previous[target]
      path.append(target)
    }
    for (to, from) in zip(path, path.dropFirst()) {
      let moved = change[from * count + to].row
      rows[from].removeAll { $0 == moved }
      place(moved, to)
    }
    place(row, target)
    for column in path { renew(column) }
  }

  private mutating func place(_ row: Int, _ column: Int) {
    rows[column].append(row)
    columns[row] = column
  }

  private mutating func renew(_ column: Int) {
    for to in places.indices where to != column {
      var best = (price: Double.infinity, row: -1)
      for row in rows[column] {
        let price = cost(row, to) - cost(row, column)
        if price < best.price { best = (price, row) }
      }
      change[column * places.count + to] = best
    }
  }
}
