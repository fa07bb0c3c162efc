import Workloads

/// Where the values of a document stand: the same shape as the document, of lines.
indirect enum YAMLPlaces {
  case scalar(line: Int)
  case array(line: Int, [YAMLPlaces])
  case object(line: Int, [String: YAMLPlaces])

  var line: Int {
    switch self {
    case .scalar(let line), .array(let line, _), .object(let line, _): line
    }
  }

  /// Of the value to which the steps lead, or of the last one on the way that is there.
  func line(of route: [DocumentStep]) -> Int {
    var here = self
    for step in route {
      switch (here, step) {
      case (.object(_, let members), .key(let key)):
        guard let next = members[key] else { return here.line }
        here = next
      case (.array(_, let elements), .index(let index)) where index < elements.count: here = elements[index]
      default: return here.line
      }
    }
    return here.line
  }
}
