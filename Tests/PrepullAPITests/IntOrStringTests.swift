import Documents
import Testing

import Kubernetes

struct IntOrStringTests {
  @Test(.timeLimit(.minutes(10))) func readsNumbersAndTexts() throws {
    let values = try JSON(parsing: Array(#"[20,"10%"]"#.utf8)).decoded(as: [IntOrString].self)
    #expect(values == [.int(20), .string("10%")])
    #expect(values.map(\.text) == ["20", "10%"])
    #expect(try JSON(encoding: values) == [20, "10%"])
  }
}
