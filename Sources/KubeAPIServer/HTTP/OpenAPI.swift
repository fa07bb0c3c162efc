import Documents
import Hummingbird

extension APIServer {
  /// Just enough of OpenAPI v3 for kubectl to know what the server checks itself, and schemas of custom resources.
  func openAPI(_ path: [String], _ discovery: APIDiscovery) throws -> Response {
    if path.dropFirst() == ["v2"] { return Self.emptyVersion2 }
    guard path.dropFirst().first == "v3" else { throw StatusError.unknownPath }
    let definitions = discovery.definitions
    if path.count == 2 {
      var paths: JSON = [:]
      for definition in definitions {
        for version in definition.versions {
          let prefix = Self.openAPIPrefix(definition, version)
          paths[prefix] = ["serverRelativeURL": .string("/openapi/v3/\(prefix)?hash=\(store.revision)")]
        }
      }
      return Self.response(200, ["paths": paths])
    }
    let prefix = path.dropFirst(2).joined(separator: "/")
    var paths: JSON = [:]
    var schemas: JSON = [:]
    for definition in definitions {
      for version in definition.versions where Self.openAPIPrefix(definition, version) == prefix {
        let scope = definition.isNamespaced ? "namespaces/{namespace}/" : ""
        let kind: JSON = [
          "group": .string(definition.name.group), "version": .string(version), "kind": .string(definition.kind),
        ]
        paths["/\(prefix)/\(scope)\(definition.name.plural)/{name}"] = ["patch": Self.patchOperation(kind)]
        var schema = definition.custom?.openAPISchema(version) ?? ["type": "object", "properties": [:]]
        schema["x-kubernetes-group-version-kind"] = [kind]
        schemas["\(definition.name.group).\(version).\(definition.kind)"] = schema
      }
    }
    guard paths != [:] else { throw StatusError.unknownPath }
    return Self.response(
      200,
      [
        "openapi": "3.0.0", "info": ["title": "Kubernetes", "version": "v1.36.0"], "paths": paths,
        "components": ["schemas": schemas],
      ])
  }

  /// A document of OpenAPI v2 without any schema, in the one form that kubectl asks for: it reads one before it takes
  /// objects of the kind List, and leaves the check of what it has no schema for to the server.
  private static var emptyVersion2: Response {
    func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] { [number << 3 | 2, UInt8(content.count)] + content }
    let info = field(1, Array("Kubernetes".utf8)) + field(2, Array("v1.36.0".utf8))
    return response(
      200, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", field(1, Array("2.0".utf8)) + field(2, info))
  }

  private static func openAPIPrefix(_ definition: ResourceDefinition, _ version: String) -> String {
    definition.name.group.isEmpty ? "api/\(version)" : "apis/\(definition.name.group)/\(version)"
  }

  private static func patchOperation(_ kind: JSON) -> JSON {
    let parameters = ["dryRun", "fieldManager", "fieldValidation", "force"].map { name -> JSON in
      ["name": .string(name), "in": "query", "schema": ["type": "string", "uniqueItems": true]]
    }
    return [
      "operationId": "patch", "parameters": .array(parameters), "x-kubernetes-action": "patch",
      "x-kubernetes-group-version-kind": kind, "responses": ["200": ["description": "OK"]],
    ]
  }
}
