import BallastRuntime
import Foundation
import Testing

@testable import BallastOperations

@Suite struct PlacementFormatTests {
  private func planned() throws -> PlanDocument { try LoadPlanningTests.planning(copies: 6).document() }

  private func rows(_ document: PlanDocument) throws -> [[Int]] {
    try PlacementFormat.rows(document.placement, precision: document.precision)
  }

  @Test(arguments: PlacementFormat.allCases, [0, 3])
  func whatIsWrittenIsReadBack(format: PlacementFormat, firstLayer: Int) throws {
    let document = try planned()
    let scratch = try Scratch()
    let model = try RecordedTraffic.model(copies: 6, layers: 2)
    let text = format.text(rows: try rows(document), experts: 4, firstLayer: firstLayer)
    let path = try scratch.write("placement", text)
    let read = try CurrentPlacement.read(
      path, shape: model.shape, topology: model.topology, firstLayer: firstLayer)
    #expect(PlanDocument.experts(read, devices: 2) == document.placement)
  }

  @Test func sglangNumbersAllLayers() throws {
    let text = PlacementFormat.sglang.text(rows: [[0, 1, 2, 3, 0, 1]], experts: 4, firstLayer: 1)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: [[Int]]])
    // One key: loaders hand every key on.
    #expect(object == ["physical_to_logical_map": [[0, 1, 2, 3, 0, 1], [0, 1, 2, 3, 0, 1]]])
  }

  @Test func vllmIsRowsAlone() throws {
    let text = PlacementFormat.vllm.text(rows: [[0, 1], [1, 0]], experts: 2, firstLayer: 5)
    #expect(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[Int]] == [[0, 1], [1, 0]])
  }

  @Test func trtllmNamesItsPlacesAndLayers() {
    let text = PlacementFormat.trtllm.text(rows: [[0, 1, 1, 2], [2, 1, 0, 0]], experts: 3, firstLayer: 3)
    #expect(
      text == """
        num_slots: 4
        initial_global_assignments:
          3: [0, 1, 1, 2]
          4: [2, 1, 0, 0]
        layer_updates_per_iter: 0

        """)
  }

  @Test func whatNoEngineCanHoldIsRefused() throws {
    let low = try LoadPlanningTests.planning(budget: .share(0.75), precision: .int8).document()
    #expect(throws: PlacementFormatError.self) { try rows(low) }
    #expect(throws: PlacementFormatError.unevenDevices(layer: 0, device: 1, replicas: 1, expected: 2)) {
      try PlacementFormat.rows([[[0, 1], [2]]], precision: [[["bfloat16", "bfloat16"], ["bfloat16"]]])
    }
    #expect(throws: PlacementFormatError.mixedPrecision(["bfloat16", "int8"])) {
      try PlacementFormat.rows([[[0], [1]]], precision: [[["bfloat16"], ["int8"]]])
    }
  }

  @Test(arguments: [
    ("{\"physical_to_logical_map\": [[0, 1, 2, 3]]}", "1 layers; 2"), ("[[0, 1, 2, 3]]", "1 layers; 2"),
    ("[[0, 1, 2, 3, 0], [0, 1, 2, 3, 0]]", "5 places"), ("[[], []]", "0 places"),
    ("[[0, 1, 2, 9], [0, 1, 2, 3]]", "expert 9"), ("[[0, 0, 2, 3], [0, 1, 2, 3]]", "expert 0"),
    ("initial_global_assignments: {0: [0, 1, 2, 3]}", "layer 1"),
    ("initial_global_assignments: {0: [0, 1, 2, 3], 1: [0, 1, 2, 3], 2: [0, 1, 2, 3]}", "3 layers; 2"),
    ("nothing: here", "placement"), ("[[\"a\"]]", "placement"),
  ])
  func filesThatDoNotFitAreRefused(text: String, fragment: String) throws {
    let scratch = try Scratch()
    let path = try scratch.write("placement", text)
    let model = try RecordedTraffic.model(layers: 2)
    let error = #expect(throws: PlanDocumentError.self) {
      try CurrentPlacement.read(path, shape: model.shape, topology: model.topology)
    }
    #expect(error?.description.contains(fragment) == true, "\(error?.description ?? "")")
  }
}
