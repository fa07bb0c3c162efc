import Documents

/// Reads the answer to an instant query while it comes, and keeps of its series what they come to for each image.
///
/// Source: Prometheus' HTTP API, "Instant queries"; Loki answers metric queries in the same form.
struct SeriesReader {
  struct Fault: Error, Hashable {
    let code: SourceError.Code
    let what: String
    var remedy: String
  }

  /// Bytes of an answer.
  static let mostBytes = 64 << 20

  fileprivate enum Member { case other, status, error, data, warnings, resultType, result, metric, value }
  fileprivate enum Label { case other, image, spec, namespace, pod, container }

  private let mostBytes: Int
  private let kind: MetricsSource.Kind
  private let voice: SourceVoice
  private var tokens = JSONTokens()
  private var bytes = 0
  /// The first one that is no space.
  private var first: UInt8?
  private var state = State()

  fileprivate struct State {
    var depth = 0
    /// Members under which the containers of the first levels lie.
    var top = Member.other
    var inner = Member.other
    var ofSeries = Member.other
    var label = Label.other
    var labels = ImageTally.Labels()
    var number: Double?
    var status = ""
    var error = ""
    var resultType = ""
    var warning = ""
    var tally = ImageTally()
  }

  init(mostBytes: Int = Self.mostBytes, kind: MetricsSource.Kind = .prometheus, voice: SourceVoice = .prepull) {
    self.mostBytes = mostBytes
    self.kind = kind
    self.voice = voice
  }

  /// Takes the next piece.
  mutating func feed<Bytes: Collection<UInt8>>(_ piece: Bytes) throws {
    bytes += piece.count
    guard bytes <= mostBytes else { throw tooLarge("more than \(mostBytes >> 20) MiB") }
    first = first ?? piece.first { $0 > 0x20 }
    do {
      try tokens.feed(piece) { token, text throws in try state.take(token, text) }
    } catch let fault as JSONTokens.Fault {
      let what = first == UInt8(ascii: "<") ? "a page of HTML" : "what is no JSON (\(fault.what))"
      throw Fault(code: .badAnswer, what: "answers with \(what), not as \(kind.title) does", remedy: notTheAPI)
    } catch let fault as ImageTally.TooMany {
      throw tooLarge(fault.what)
    }
  }

  private func tooLarge(_ what: String) -> Fault {
    Fault(
      code: .tooLarge, what: "answers with \(what)",
      remedy: "Ask for less, for example topk(100, sum by (image_spec) (…)).")
  }

  private var notTheAPI: String {
    "Give the server's own address as \(voice.url(kind)), without the path of its API\(voice == .prepull ? "" : ", and a login if it asks for one")."
  }

  /// What the answer comes to.
  func finished() throws(Fault) -> (tally: ImageTally, warning: String?) {
    guard state.status != "error" else {
      throw Fault(
        code: .badQuery, what: "refuses the query: \(ForeignText.clause(state.error, limit: 300))",
        remedy: "Correct \(voice.query).")
    }
    guard tokens.isOver, state.status == "success" else {
      let cause = bytes == 0 ? "nothing" : tokens.isOver ? "something else than a result" : "half of a result"
      throw Fault(code: .badAnswer, what: "answers with \(cause)", remedy: notTheAPI)
    }
    switch state.resultType {
    case "vector": break
    case "matrix":
      throw Fault(
        code: .badQuery, what: "gives a range of values for each series",
        remedy: "Make one of them, for example avg_over_time(…).")
    case "streams":
      throw Fault(
        code: .badQuery, what: "gives lines of logs",
        remedy: "Count them, for example sum by (image) (count_over_time({…}[1h])).")
    default:
      throw Fault(
        code: .badQuery, what: "gives a \(ForeignText.clean(state.resultType, limit: 40)), which has no labels",
        remedy: "Ask for series that name images.")
    }
    return (state.tally, state.warning.isEmpty ? nil : ForeignText.clause(state.warning, limit: 200))
  }
}

extension SeriesReader.State {
  fileprivate mutating func take(_ token: JSONTokens.Token, _ text: [UInt8]) throws {
    switch token {
    case .objectBegins, .arrayBegins:
      depth += 1
      if depth == 4, isSeries { (labels, number) = (ImageTally.Labels(), nil) }
    case .objectEnds, .arrayEnds:
      if token == .objectEnds, depth == 4, isSeries { try tally.add(labels, number) }
      depth -= 1
    case .key: key(text)
    case .string: string(text)
    case .number, .word: break
    }
  }

  private var isSeries: Bool { top == .data && inner == .result }

  private mutating func key(_ text: [UInt8]) {
    switch depth {
    case 1: (top, inner) = (Self.member(text), .other)
    case 2: inner = Self.member(text)
    case 4: ofSeries = Self.member(text)
    case 5 where isSeries: label = Self.label(text)
    default: break
    }
  }

  private mutating func string(_ text: [UInt8]) {
    switch (depth, top, inner) {
    case (1, .status, _): status = Self.string(text)
    case (1, .error, _): error = Self.string(text)
    case (2, .warnings, _): if warning.isEmpty { warning = Self.string(text) }
    case (2, .data, .resultType): resultType = Self.string(text)
    case (5, .data, .result):
      if ofSeries == .metric { take(label: text) } else if ofSeries == .value { take(value: text) }
    default: break
    }
  }

  private mutating func take(label text: [UInt8]) {
    switch label {
    case .other: break
    case .image: labels.image = Self.string(text)
    case .spec: labels.spec = Self.string(text)
    case .namespace: labels.namespace = Self.string(text)
    case .pod: labels.pod = Self.string(text)
    case .container: labels.container = Self.string(text)
    }
  }

  /// Go's form: `1`, `+Inf`, `NaN`.
  private mutating func take(value text: [UInt8]) { number = Double(Self.string(text)) }

  private static func string(_ text: [UInt8]) -> String { String(decoding: text, as: UTF8.self) }

  private static func member(_ text: [UInt8]) -> SeriesReader.Member {
    switch string(text) {
    case "status": .status
    case "error": .error
    case "data": .data
    case "warnings": .warnings
    case "resultType": .resultType
    case "result": .result
    case "metric": .metric
    case "value": .value
    default: .other
    }
  }

  /// Most labels are none of these: they are told apart without making a text of each.
  private static func label(_ text: [UInt8]) -> SeriesReader.Label {
    guard (3...10).contains(text.count) else { return .other }
    return switch string(text) {
    case "image": .image
    case "image_spec": .spec
    case "namespace": .namespace
    case "pod": .pod
    case "container": .container
    default: .other
    }
  }
}
