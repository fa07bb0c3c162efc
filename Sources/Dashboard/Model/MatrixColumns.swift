import Documents
import PrepullAPI
import Usage

/// The images of the matrix, each once, however those who want it write it; and who wants them.
package struct MatrixColumns: Hashable, Sendable {
  package struct Plan: Hashable, Sendable {
    package enum Kind: String, Sendable { case prepull, kept, run }

    package var kind: Kind
    package var namespace: String
    package var name: String
    /// When it was done, in seconds since 1970; nil while it goes on, or keeps its images warm.
    package var ended: Double?

    /// `namespace/name`.
    package var key: String { "\(namespace)/\(name)" }
  }

  package struct Column: Hashable, Sendable {
    /// As the first who wants it writes it.
    package var name: String
    /// Indices of the plans that want it.
    package var plans: [Int] = []
    /// What it resolved to.
    package var digest: String?
    package var bytes: Int64?
    /// What is wrong with it everywhere.
    package var message: String?
  }

  package private(set) var plans: [Plan] = []
  package private(set) var columns: [Column] = []
  private var byKey: [ImageKey: Int] = [:]
  /// By the text, so that each is read once.
  private var byText: [String: Int] = [:]

  package init() {}

  mutating func add(_ plan: Plan) -> Int {
    plans.append(plan)
    return plans.count - 1
  }

  /// Takes an image in, and tells its column.
  @discardableResult
  mutating func add(_ image: String, plan: Int? = nil) -> Int {
    let index = place(of: image) ?? columns.count
    if index == columns.count {
      columns.append(Column(name: image))
      byKey[ImageKey(image)] = index
    }
    byText[image] = index
    if let plan, !columns[index].plans.contains(plan) { columns[index].plans.append(plan) }
    return index
  }

  mutating func describe(_ index: Int, _ status: Prepull.ImageStatus) {
    columns[index].digest = status.digest ?? columns[index].digest
    columns[index].bytes = status.sizeBytes ?? columns[index].bytes
    columns[index].message = status.message ?? columns[index].message
  }

  /// The column of an image, however it is written; nil where nobody wants it.
  package func place(of image: String) -> Int? { byText[image] ?? byKey[ImageKey(image)] }

  /// The plan that says most of an image: one that keeps it warm, else one that goes on, else the last that ended.
  func claim(on image: String) -> Plan? {
    guard let index = place(of: image) else { return nil }
    return columns[index].plans.map { plans[$0] }.max { $0.weight < $1.weight }
  }

  package var names: [String] { columns.map(\.name) }

  var imagesJSON: JSON {
    .array(
      columns.map {
        [
          "name": .string($0.name), "plans": .array($0.plans.map { .integer(Int64($0)) }),
          "digest": $0.digest.map(JSON.string) ?? .null, "bytes": $0.bytes.map(JSON.integer) ?? .null,
        ]
      })
  }

  var plansJSON: JSON { .array(plans.map(\.json)) }
}

extension MatrixColumns.Plan {
  /// Whether nodes that lose its images, or join, get them.
  var isKeeping: Bool { kind != .run && ended == nil }

  fileprivate var weight: (Int, Double) { (isKeeping ? 2 : ended == nil ? 1 : 0, ended ?? 0) }

  var json: JSON {
    [
      "kind": .string(kind.rawValue), "namespace": .string(namespace), "name": .string(name),
      "ended": ended.map(JSON.number) ?? .null,
    ]
  }
}
