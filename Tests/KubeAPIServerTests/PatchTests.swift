import Documents
import Testing

@testable import KubeAPIServer

@Suite("API server: patches", .timeLimit(.minutes(10))) struct PatchTests {
  @Test func appliesJSONPatches() throws {
    let object: JSON = ["a": ["b": [1, 2]], "c/d": "x", "e~": 1]
    let patch: JSON = [
      ["op": "test", "path": "/a/b/0", "value": 1], ["op": "add", "path": "/a/b/1", "value": 9],
      ["op": "add", "path": "/a/b/-", "value": 3], ["op": "replace", "path": "/c~1d", "value": "y"],
      ["op": "remove", "path": "/e~0"], ["op": "copy", "from": "/a/b", "path": "/f"],
      ["op": "move", "from": "/c~1d", "path": "/g"],
    ]
    #expect(try JSONPatch.apply(patch, to: object) == ["a": ["b": [1, 9, 2, 3]], "f": [1, 9, 2, 3], "g": "y"])
  }

  @Test("Ports of a Service are merged by their number")
  func servicePorts() throws {
    let service: JSON = ["spec": ["ports": [["name": "http", "port": 8080], ["name": "tokens", "port": 8443]]]]
    let patch: JSON = [
      "spec": ["$setElementOrder/ports": [["port": 8080]], "ports": [["$patch": "delete", "port": 8443]]]
    ]
    #expect(
      try StrategicMerge.apply(patch, to: service) == ["spec": ["ports": [["name": "http", "port": 8080]]]])
  }

  @Test(
    arguments: [
      ["op": "remove", "path": "/x"], ["op": "replace", "path": "/x", "value": 1],
      ["op": "test", "path": "/a", "value": 2], ["op": "add", "path": "/x/y", "value": 1],
      ["op": "add", "path": "/l/7", "value": 1], ["op": "jump", "path": "/a"], ["op": "add", "value": 1],
    ] as [JSON])
  func refusesJSONPatchesThatDoNotFit(operation: JSON) {
    #expect(throws: StatusError.self) { try JSONPatch.apply([operation], to: ["a": 1, "l": []]) }
  }

  @Test func mergesListsByTheirKey() throws {
    let pod: JSON = [
      "spec": [
        "containers": [
          ["name": "a", "image": "x:1", "env": [["name": "A", "value": "1"]]], ["name": "b", "image": "y"],
        ],
        "tolerations": [["key": "old"]],
      ]
    ]
    let patch: JSON = [
      "spec": [
        "$setElementOrder/containers": [["name": "c"], ["name": "a"]],
        "containers": [
          ["name": "a", "image": "x:2", "env": [["name": "B", "value": "2"]]], ["name": "c", "image": "z"],
          ["name": "b", "$patch": "delete"],
        ],
        "tolerations": [["key": "new"]],
      ]
    ]
    let merged = try StrategicMerge.apply(patch, to: pod)
    #expect(
      merged["spec"] == [
        "containers": [
          ["name": "c", "image": "z"],
          ["name": "a", "image": "x:2", "env": [["name": "A", "value": "1"], ["name": "B", "value": "2"]]],
        ],
        "tolerations": [["key": "new"]],
      ])
  }

  @Test func followsDirectives() throws {
    let object: JSON = [
      "metadata": ["finalizers": ["a/x", "b/y"], "labels": ["l": "m"]],
      "spec": ["strategy": ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": 1]]],
    ]
    let patch: JSON = [
      "metadata": [
        "$deleteFromPrimitiveList/finalizers": ["a/x"], "finalizers": ["c/z"],
        "labels": ["$patch": "replace", "n": "o"],
      ],
      "spec": ["strategy": ["$retainKeys": ["type"], "type": "Recreate"]],
    ]
    #expect(
      try StrategicMerge.apply(patch, to: object) == [
        "metadata": ["finalizers": ["b/y", "c/z"], "labels": ["n": "o"]], "spec": ["strategy": ["type": "Recreate"]],
      ])
  }
}
