import Documents
import Engines
import Yams

/// One of a text's documents.
struct YAMLDocument {
  let json: JSON
  /// On which it begins, from 1.
  let line: Int
  fileprivate let root: Node?

  /// The line on which a value of the document stands; of a value that is not there, the one that should hold it.
  ///
  /// What an alias stands for is where its anchor is. Without places (see ``YAMLDocuments/parse(_:largest:places:)``)
  /// it is the document's line.
  func line(of route: [DocumentStep]) -> Int {
    var node = root
    var line = line
    for step in route {
      switch (node, step) {
      case (.mapping(let mapping)?, .key(let key)): node = Self.value(of: key, in: mapping)
      case (.sequence(let sequence)?, .index(let index)) where index < sequence.count: node = sequence[index]
      default: return line
      }
      line = node?.mark?.line ?? line
    }
    return line
  }

  private static func value(of key: String, in mapping: Node.Mapping) -> Node? {
    var merged: [Node] = []
    for (name, value) in mapping {
      if name.tag == Tag(.merge) { merged += value.sequence.map(Array.init) ?? [value] }
      if name.scalar?.string == key { return value }
    }
    return merged.lazy.compactMap { $0.mapping.flatMap { value(of: key, in: $0) } }.first
  }
}

/// Reads YAML, or JSON, as kubectl does: several documents in one text, each one JSON value.
enum YAMLDocuments {
  /// All documents at once; see ``each(of:largest:places:_:)``.
  static func parse(_ text: String, largest: Int? = nil, places: Bool = false) throws(YAMLError) -> [YAMLDocument] {
    var documents: [YAMLDocument] = []
    do {
      try each(of: text, largest: largest, places: places) { documents.append($0) }
    } catch let error as YAMLError {
      throw error
    } catch {
      throw YAMLError(error, in: text)
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
    let text = text.withoutByteOrderMark
    if text.first(where: { !$0.isWhitespace }) == "{", let json = try? JSON(parsing: text) {
      // JSON that is no YAML has no places.
      return try body(YAMLDocument(json: json, line: 1, root: places ? try? Yams.compose(yaml: text) : nil))
    }
    var room = largest ?? max(1_000_000, text.utf8.count)
    func explained<Result>(_ body: () throws -> Result) throws(YAMLError) -> Result {
      do {
        return try body()
      } catch let error as YAMLError {
        throw error.consideringTemplates(in: text)
      } catch {
        throw YAMLError(error, in: text).consideringTemplates(in: text)
      }
    }
    let parser = try explained { try Yams.Parser(yaml: text) }
    while let node = try explained({ () throws -> Yams.Node? in try parser.nextRoot() }) {
      let json = try explained { () throws -> JSON in try Self.json(node, &room) }
      if !json.isNull { try body(YAMLDocument(json: json, line: node.mark?.line ?? 1, root: places ? node : nil)) }
    }
  }

  private static func json(_ node: Yams.Node, _ room: inout Int) throws -> JSON {
    room -= 1
    guard room > 0 else { throw YAMLError(line: node.mark?.line, reason: "its aliases make it too large") }
    switch node {
    case .scalar(let scalar): return try json(scalar, tag: node.tag)
    case .sequence(let sequence):
      var elements: [JSON] = []
      for element in sequence { elements.append(try json(element, &room)) }
      return .array(elements)
    case .mapping(let mapping):
      var members: [String: JSON] = [:]
      var merged: [String: JSON] = [:]
      for (key, value) in mapping {
        guard case .scalar(let name) = key else {
          throw YAMLError(line: key.mark?.line, reason: "a key is no text")
        }
        let value = try json(value, &room)
        if key.tag == Tag(.merge) {
          for case .object(let more) in value.array ?? [value] { merged.merge(more) { first, _ in first } }
        } else {
          members[name.string] = value
        }
      }
      members.merge(merged) { own, _ in own }
      return .object(members)
    case .alias: throw YAMLError(line: node.mark?.line, reason: "an alias stands for nothing")
    }
  }

  private static func json(_ scalar: Yams.Node.Scalar, tag: Tag) throws -> JSON {
    switch tag {
    case Tag(.null): return .null
    case Tag(.bool): return Bool.construct(from: scalar).map(JSON.bool) ?? .string(scalar.string)
    case Tag(.int):
      return Int.construct(from: scalar).map { .integer(Int64($0)) } ?? .number(Double(scalar.string) ?? 0)
    case Tag(.float): return Double.construct(from: scalar).map(JSON.number) ?? .string(scalar.string)
    default: return .string(scalar.string)
    }
  }
}

/// Where a text stops being YAML, and why. It quotes nothing of the text, which may hold secrets.
struct YAMLError: Error, Hashable, CustomStringConvertible {
  let line: Int?
  let reason: String

  init(line: Int?, reason: String) {
    self.line = line
    self.reason = reason
  }

  var description: String { line.map { "line \($0): \(reason)" } ?? reason }

  fileprivate init(_ error: any Error, in text: String) {
    switch error as? YamlError {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let isTab =
        (problem.contains("cannot start any token") || problem.contains("tab character"))
        && Self.line(mark.line, of: text).contains("\t")
      let reason = isTab ? "it is indented with a tab, where YAML takes spaces only" : problem
      self.init(line: mark.line, reason: isTab ? reason : (context.map { "\($0.text): " } ?? "") + reason)
    case .reader(let problem, let offset, _, _):
      let line = offset.map { offset in text.prefix(offset).count { $0.isNewline } + 1 }
      self.init(line: line, reason: problem)
    case .duplicatedKeysInMapping(let duplicates, let context):
      let names = duplicates.map { "'\($0)'" }.joined(separator: ", ")
      self.init(line: context.mark.line, reason: "the key \(names) stands there twice")
    default: self.init(line: nil, reason: "it is not YAML")
    }
  }

  /// The error of a chart's template is that it was not rendered, whatever the parser stumbled over.
  ///
  /// Text within quotes and behind other text may hold `{{` and still be YAML, as Argo's workflows do.
  fileprivate func consideringTemplates(in text: String) -> YAMLError {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    let isTemplate: (Substring) -> Bool = { line in
      let content = line.drop { $0 == " " || $0 == "-" }
      return content.hasPrefix("{{") || line.contains(": {{") || line.contains(":{{")
    }
    guard let number = lines.prefix((line ?? lines.count) + 1).firstIndex(where: isTemplate) else { return self }
    return YAMLError(
      line: number + 1,
      reason: "it is a template that was not rendered: it has '{{' where YAML has a value; "
        + "render it first, for example with helm template")
  }

  private static func line(_ number: Int, of text: String) -> Substring {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    return lines.indices.contains(number - 1) ? lines[number - 1] : ""
  }
}
