package import ImageModel
package import Kubernetes

/// What to do about a pod of ours that the cluster refuses: what would make it pass.
package struct PodRefusal {
  /// Who says what the pods of ours are like.
  package enum Author: Hashable, Sendable {
    /// A user, with options of the command line.
    case options
    /// A Prepull, with its `spec.podTemplate`.
    case podTemplate
  }

  let error: APIError
  let author: Author

  /// Nil where nothing that can be said of the pods helps.
  var remedy: String? {
    switch author {
    case .options: remedyByOptions
    case .podTemplate: remedyByTemplate
    }
  }

  private var remedyByTemplate: String? {
    switch error.code {
    case .quotaDemands, .limitRange:
      "Set spec.podTemplate.resources to the requests and limits that it asks for, for each container."
    case .webhookDenied, .invalid:
      "Where a policy asks for labels, annotations, requests or limits, set spec.podTemplate; else let the policy "
        + "leave out pods with the label app.kubernetes.io/managed-by=prepull."
    default: nil
    }
  }

  private var remedyByOptions: String? {
    let place = error.namespace.map { " -n \($0)" } ?? ""
    return switch error.code {
    case .quotaDemands: "Set what the quota asks for with \(options), within kubectl describe quota\(place)."
    case .limitRange: "Set what the rules ask for with \(options), within kubectl describe limitrange\(place)."
    case .webhookDenied:
      "An admission policy of the cluster says so. What it asks of pods can be set with --label, --annotation, "
        + "--request and --limit; if it is none of these, ask who runs the cluster."
    case .invalid where causes.contains { $0.contains(".resources.") }: "Correct --request and --limit."
    case .invalid where causes.contains { $0.contains("metadata.") }: "Correct --label and --annotation."
    default: nil
    }
  }

  /// What is wrong, each once: every container of a pod gets the same.
  var detail: String {
    guard error.code == .invalid, !error.causes.isEmpty else { return error.attempted }
    return "cannot \(error.verb) \(error.resource): \(causes.joined(separator: "; "))"
  }

  private var causes: [String] {
    error.causes.reduce(into: [String]()) { texts, cause in
      // Without the number of the container.
      let parts = cause.field.split(separator: "[")
      let field = parts.enumerated().map { $0 == 0 ? $1 : $1.drop { $0 != "]" }.dropFirst() }.joined()
      let text = field.isEmpty ? cause.message : "\(field): \(cause.message)"
      if !texts.contains(text) { texts.append(text) }
    }
  }

  /// `--request memory=64Mi --limit cpu=…`, as far as the refusal says.
  private var options: String {
    let named = demanded + bounds
    return named.isEmpty ? "--request and --limit" : named.joined(separator: " ")
  }

  /// Of `must specify limits.cpu for: c; limits.memory for: c`, and of the older `must specify limits.cpu,limits.memory`.
  private var demanded: [String] {
    guard let start = error.message.firstRange(of: "must specify ") else { return [] }
    var found: [String] = []
    for word in error.message[start.upperBound...].split(whereSeparator: { " ,;:".contains($0) }) {
      let parts = word.split(separator: ".", maxSplits: 1)
      guard parts.count == 2, let option = ["limits": "--limit", "requests": "--request"][parts[0]] else { continue }
      let text = "\(option) \(parts[1])=…"
      if !found.contains(text) { found.append(text) }
    }
    return found
  }

  /// Of `minimum memory usage per Container is 64Mi, but request is 1Mi` and `maximum cpu usage per Pod is 2`.
  private var bounds: [String] {
    let words = error.message.split(whereSeparator: { " ,;[]".contains($0) }).map(String.init)
    return words.indices.dropLast(6).compactMap { index in
      guard words[index + 2] == "usage", words[index + 3] == "per", words[index + 5] == "is" else { return nil }
      let value = words[index + 6].last == "." ? String(words[index + 6].dropLast()) : words[index + 6]
      return switch words[index] {
      case "minimum": "--request \(words[index + 1])=\(value)"
      case "maximum": "--limit \(words[index + 1])=\(value)"
      default: nil
      }
    }
  }
}

extension WarmFailure {
  /// Why the API server does not take a pod of ours, with what may help.
  package init(refusal error: APIError, of author: PodRefusal.Author) {
    let refusal = PodRefusal(error: error, author: author)
    self.init(code: error.code.rawValue, detail: refusal.detail, remedy: refusal.remedy ?? error.remedy)
  }
}
