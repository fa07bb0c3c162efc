import Documents

/// Makes JSON of YAML as sigs.k8s.io/yaml does, which kubectl and API servers read with.
struct YAMLComposer {
  struct Document {
    let json: JSON
    let line: Int
    let duplicates: [YAMLDuplicate]
    let places: YAMLPlaces?
  }

  private struct Value {
    let json: JSON
    /// Nil where places are not asked for.
    let places: YAMLPlaces?
    /// With what aliases in it stand for.
    var nodes = 1
    /// `<<` without quotes.
    var isMerge = false
  }

  /// Deeper nesting is refused rather than risking the stack.
  private static let maximumDepth = 1000

  private let events: YAMLEvents
  private let hasPlaces: Bool
  private var anchors: [String: Value] = [:]
  private var duplicates: [YAMLDuplicate] = []
  private var room: Int
  private var depth = 0

  /// - Parameters:
  ///   - firstLine: of the text, for messages.
  ///   - room: nodes that may still come, aliases counted as what they stand for.
  static func compose(
    _ bytes: UnsafeBufferPointer<UInt8>, firstLine: Int, room: inout Int, places: Bool
  ) throws(YAMLError) -> [Document] {
    var composer = YAMLComposer(
      events: YAMLEvents(bytes, firstLine: firstLine), hasPlaces: places, room: room)
    defer { room = composer.room }
    var documents: [Document] = []
    while true {
      switch try composer.events.next() {
      case .streamEnd: return documents
      case .documentStart:
        composer.anchors = [:]
        composer.duplicates = []
        let event = try composer.events.next()
        let line = composer.events.line
        let value = try composer.value(event)
        documents.append(
          Document(json: value.json, line: line, duplicates: composer.duplicates, places: value.places))
      default: break
      }
    }
  }

  private init(events: YAMLEvents, hasPlaces: Bool, room: Int) {
    self.events = events
    self.hasPlaces = hasPlaces
    self.room = room
  }

  private mutating func value(_ event: YAMLEvents.Event) throws(YAMLError) -> Value {
    let line = events.line
    switch event {
    case .scalar(let text, let tag, let isPlain, let anchor):
      try spend(1, line)
      let json: JSON
      do { json = try YAMLScalar.json(text, tag: tag, isPlain: isPlain) } catch {
        throw YAMLError(line: line, reason: error.reason)
      }
      let isMerge = text == "<<" && (isPlain || tag == YAMLScalar.mergeTag)
      let value = Value(json: json, places: hasPlaces ? .scalar(line: line) : nil, isMerge: isMerge)
      if let anchor { anchors[anchor] = value }
      return value
    case .alias(let name):
      guard let value = anchors[name] else { throw YAMLError(line: line, reason: "found undefined alias") }
      try spend(value.nodes, line)
      return value
    case .sequenceStart(let anchor):
      let value = try nested(line) { composer throws(YAMLError) in try composer.sequence(line) }
      if let anchor { anchors[anchor] = value }
      return value
    case .mappingStart(let anchor):
      let value = try nested(line) { composer throws(YAMLError) in try composer.mapping(line) }
      if let anchor { anchors[anchor] = value }
      return value
    default: throw YAMLError(line: line, reason: "it is not YAML")
    }
  }

  private mutating func spend(_ nodes: Int, _ line: Int) throws(YAMLError) {
    room -= nodes
    guard room > 0 else { throw YAMLError(line: line, reason: "its aliases make it too large") }
  }

  private mutating func nested(
    _ line: Int, _ body: (inout YAMLComposer) throws(YAMLError) -> Value
  ) throws(YAMLError) -> Value {
    guard depth < Self.maximumDepth else {
      throw YAMLError(line: line, reason: "it is nested deeper than \(Self.maximumDepth) levels")
    }
    depth += 1
    defer { depth -= 1 }
    try spend(1, line)
    return try body(&self)
  }

  private mutating func sequence(_ line: Int) throws(YAMLError) -> Value {
    var elements: [JSON] = []
    var places: [YAMLPlaces] = []
    var nodes = 1
    while true {
      let event = try events.next()
      if case .sequenceEnd = event { break }
      let value = try value(event)
      elements.append(value.json)
      if let place = value.places { places.append(place) }
      nodes += value.nodes
    }
    return Value(json: .array(elements), places: hasPlaces ? .array(line: line, places) : nil, nodes: nodes)
  }

  private mutating func mapping(_ line: Int) throws(YAMLError) -> Value {
    var members: [String: JSON] = [:]
    var places: [String: YAMLPlaces] = [:]
    /// Keys that a merge brought: an own one in their place is no second one.
    var merged: Set<String> = []
    var nodes = 1
    while true {
      let event = try events.next()
      if case .mappingEnd = event { break }
      let keyLine = events.line
      let key = try value(event)
      let value = try value(try events.next())
      nodes += key.nodes + value.nodes
      if key.isMerge {
        for (name, json, place) in try Self.merge(value, keyLine) {
          members[name] = json
          if let place { places[name] = place }
          merged.insert(name)
        }
        continue
      }
      guard let name = YAMLScalar.key(key.json) else { throw YAMLError(line: keyLine, reason: "a key is no text") }
      if members.updateValue(value.json, forKey: name) != nil, merged.remove(name) == nil {
        duplicates.append(YAMLDuplicate(key: name, line: keyLine))
      }
      if let place = value.places { places[name] = place }
    }
    return Value(json: .object(members), places: hasPlaces ? .object(line: line, places) : nil, nodes: nodes)
  }

  /// What `<<` brings. As sigs.k8s.io/yaml has it, it replaces what stands before it, and what comes behind replaces it;
  /// of several objects the first counts.
  private static func merge(_ value: Value, _ line: Int) throws(YAMLError) -> [(String, JSON, YAMLPlaces?)] {
    var all: [(String, JSON, YAMLPlaces?)] = []
    var sources: [(JSON, YAMLPlaces?)] = [(value.json, value.places)]
    if case .array(let elements) = value.json {
      var places: [YAMLPlaces] = []
      if case .array(_, let own)? = value.places { places = own }
      sources = elements.indices.reversed().map { (elements[$0], places.indices.contains($0) ? places[$0] : nil) }
    }
    for (json, place) in sources {
      guard case .object(let members) = json else {
        throw YAMLError(line: line, reason: "'<<' takes an object, or a list of objects")
      }
      var lines: [String: YAMLPlaces] = [:]
      if case .object(_, let own)? = place { lines = own }
      for (name, json) in members { all.append((name, json, lines[name])) }
    }
    return all
  }
}
