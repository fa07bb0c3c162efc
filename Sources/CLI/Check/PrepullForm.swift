import Checking
import Commands
import Documents
import PrepullAPI
import Workloads

/// What is wrong with the form of a Prepull in a manifest: what strict validation, which is kubectl's, would say of it.
struct PrepullForm: Sendable {
  private static let most = 5

  private let object: JSON
  private let name: String
  private let unknown: [Schema.UnknownField]

  init(_ object: JSON, name: String) {
    self.object = object
    self.name = name
    unknown = Schema.unknownFields(inPrepull: object)
  }

  /// - Throws: `SpecError` for values of another kind than their fields.
  func spec() throws(SpecError) -> Prepull.Spec {
    let json = object["spec"] ?? [:]
    if let first = Schema.misfits(inPrepullSpec: json).first { throw first }
    guard let spec: Prepull.Spec = try? json.decoded() else { throw SpecError("spec", "is not of the right form") }
    return spec
  }

  /// Of fields that there are not; `kubectl apply` refuses them.
  ///
  /// - Parameter origin: says where a field stands.
  func findings(_ origin: ([DocumentStep]) -> ImageOrigin) -> [CheckFinding] {
    unknown.map { field in
      let route = field.route.map { step -> DocumentStep in
        switch step {
        case .member(let name): .key(name)
        case .element(let index): .index(index)
        }
      }
      var place = origin(route)
      place.path = ForeignText.clean(field.path, limit: 200)
      return CheckFinding(
        .unknownField, "prepull/\(name): \(Self.words(field))",
        "Correct it: kubectl refuses a field that there is not, and an API server that is not asked to be strict drops it.",
        origins: [place])
    }
  }

  /// A fault of the spec with the fields that may be what is behind it.
  func complaint(_ error: SpecError) -> String {
    let misfits = Schema.misfits(inPrepullSpec: object["spec"] ?? [:])
    let faults = misfits.isEmpty ? ["\(error)"] : misfits.map(\.description)
    let all = faults + unknown.map(Self.words)
    let rest = all.count - Self.most
    return all.prefix(Self.most).joined(separator: "; ")
      + (rest > 0 ? "; and \(Quantity.count(rest, "other fault"))" : "")
  }

  /// `spec.windows[0].timezone: unknown field, did you mean timeZone?`.
  private static func words(_ field: Schema.UnknownField) -> String {
    let near = NearWord.nearest(to: field.name, among: field.others)
    let hint =
      field.replacement.map { " (now \($0))" }
      ?? near.map { ", did you mean \($0)?" } ?? "; there are \(field.others.joined(separator: ", "))"
    return "\(ForeignText.clean(field.path, limit: 200)): unknown field\(hint)"
  }
}
