import BallastOperations
import Foundation
import Testing

@Suite struct JSONValueTests {
  @Test func keepsOrderAndTurnsWhatIsNoNumberIntoNull() {
    let value: JSONValue = [
      "b": 1, "a": [1.5, nil, true], "nan": .number(.nan), "infinite": .number(-.infinity),
      "missing": .number(nil as Double?), "empty": [:], "none": [],
    ]
    #expect(
      value.text == """
        {
          "b": 1,
          "a": [1.5, null, true],
          "nan": null,
          "infinite": null,
          "missing": null,
          "empty": {},
          "none": []
        }

        """)
  }

  @Test func isWhatOthersRead() throws {
    let texts = ["plain", "quote \" back \\ slash /", "line\nend\ttab\r\u{0}\u{1F}", "é 漢 😀 \u{2028}", "</script>"]
    let value: JSONValue = [
      "texts": .strings(texts), "numbers": .numbers([0.1, 1e300, -1e-300, 3, -0.0]),
      "integers": .integers([Int.min, 0, Int.max]),
      "deep": .array((0..<9).map { .array([.integers(Array(0..<40)), ["x": .integer($0)]]) }),
    ]
    let read = try #require(
      try JSONSerialization.jsonObject(with: Data(value.text.utf8)) as? [String: Any])
    #expect(read["texts"] as? [String] == texts)
    #expect(read["numbers"] as? [Double] == [0.1, 1e300, -1e-300, 3, 0])
    #expect(read["integers"] as? [Int] == [Int.min, 0, Int.max])
    #expect((read["deep"] as? [Any])?.count == 9)
    #expect(value.text == value.text)
  }
}
