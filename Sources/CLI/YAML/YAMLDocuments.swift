import Workloads
import Documents

/// One of a text's documents.
struct YAMLDocument {
  let json: JSON
  /// On which it begins, from 1.
  let line: Int
  /// Keys that their objects have more than once; the last of each holds.
  let duplicates: [YAMLDuplicate]
  fileprivate let places: YAMLPlaces?

  /// The line on which a value of the document stands; of a value that is not there, the one that should hold it.
  ///
  /// What an alias stands for is where its anchor is. Without places (see ``YAMLDocuments/parse(_:largest:places:)``)
  /// it is the document's line.
  func line(of route: [DocumentStep]) -> Int { places?.line(of: route) ?? line }
}

/// A key that its object has already.
struct YAMLDuplicate: Hashable {
  let key: String
  /// Of the later one, from 1.
  let line: Int
}

/// Reads YAML and JSON as kubectl does: several documents in one text, each one JSON value.
///
/// JSON values may stand one after the other without anything in between, each document may begin with a byte order
/// mark, and of equal keys the last one holds.
enum YAMLDocuments {
  /// All documents at once; see ``each(of:largest:places:_:)``.
  static func parse(_ text: String, largest: Int? = nil, places: Bool = false) throws(YAMLError) -> [YAMLDocument] {
    var documents: [YAMLDocument] = []
    do {
      try each(of: text, largest: largest, places: places) { documents.append($0) }
    } catch let error as YAMLError {
      throw error
    } catch {
      throw YAMLError(line: nil, reason: "it is not YAML")
    }
    return documents
  }

  /// - Parameters:
  ///   - largest: nodes in all. Aliases may make a small text a huge value; without them a text has fewer nodes than
  ///     bytes.
  ///   - places: whether lines within the documents will be asked for.
  ///   - body: gets the documents that are not empty, one after the other: those with places take room.
  /// - Throws: `YAMLError`, and what `body` throws.
  static func each(
    of text: String, largest: Int? = nil, places: Bool = false, _ body: (YAMLDocument) throws -> Void
  ) throws {
    var text = text
    try text.withUTF8 { bytes in
      var scanner = YAMLScanner(bytes)
      var room = largest ?? max(1_000_000, bytes.count)
      while let start = try scanner.nextDocument() {
        if start.mayBeJSON, let value = try? JSONStream.value(in: bytes, at: start.content) {
          let duplicates = value.duplicates.map { YAMLDuplicate(key: $0.key, line: scanner.line(at: $0.offset)) }
          let line = scanner.line(at: start.content)
          scanner.move(to: value.range.upperBound)
          if value.json.isNull { continue }
          guard places else {
            try body(YAMLDocument(json: value.json, line: line, duplicates: duplicates, places: nil))
            continue
          }
          // JSON that is no YAML has no places.
          let composed = try? YAMLComposer.compose(
            UnsafeBufferPointer(rebasing: bytes[value.range]), firstLine: line, room: &room, places: true)
          try body(
            YAMLDocument(json: value.json, line: line, duplicates: duplicates, places: composed?.first?.places))
          continue
        }
        let range = try scanner.takeDocument(start)
        let slice = UnsafeBufferPointer(rebasing: bytes[range])
        let composed: [YAMLComposer.Document]
        do throws(YAMLError) {
          composed = try YAMLComposer.compose(
            slice, firstLine: scanner.line(at: range.lowerBound), room: &room, places: places)
        } catch {
          throw error.consideringTemplates(in: slice, firstLine: scanner.line(at: range.lowerBound))
        }
        for document in composed where !document.json.isNull {
          try body(
            YAMLDocument(
              json: document.json, line: document.line, duplicates: document.duplicates, places: document.places))
        }
      }
    }
  }
}
