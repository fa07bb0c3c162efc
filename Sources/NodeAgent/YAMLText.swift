import CYAML
package import Documents

/// YAML as the files of nodes have it, read by libyaml: the kubelet's configuration and that of its credential providers.
package enum YAMLText {
  /// What is wrong with a text, in a line.
  package struct Fault: Error, Hashable, CustomStringConvertible {
    package let description: String
  }

  /// The first document; `null` of an empty text.
  package static func parse(_ text: String) throws(Fault) -> JSON {
    var text = text
    let json = text.withUTF8 { bytes -> String? in
      bytes.withMemoryRebound(to: CChar.self) { characters in
        guard let result = cyaml_json(characters.baseAddress, characters.count) else { return nil }
        defer { cyaml_free(result) }
        return String(cString: result)
      }
    }
    guard let json else { throw Fault(description: "there is no memory to read it") }
    if json.hasPrefix("!") { throw Fault(description: String(json.dropFirst())) }
    do {
      return try JSON(parsing: json)
    } catch {
      throw Fault(description: "it cannot be read")
    }
  }
}
