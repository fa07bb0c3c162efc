package import ImageSources
import PrepullAPI

/// A source as one Prepull asks it: what is asked, and with whose credentials.
package struct SourceKey: Hashable, Sendable {
  package let source: ImageSource
  /// Of the Secrets.
  package let namespace: String
  /// Of a server of metrics: the Secret with its login.
  package let secret: String?
  /// Of a registry: the pull secrets.
  package let pullSecrets: [String]

  package init(source: ImageSource, namespace: String, secret: String? = nil, pullSecrets: [String] = []) {
    self.source = source
    self.namespace = namespace
    self.secret = secret
    self.pullSecrets = pullSecrets
  }

  init(_ source: PrepullSettings.Source, namespace: String, pullSecrets: [String]) {
    self.source = source.source
    self.namespace = namespace
    secret = source.secret
    if case .tags = source.source { self.pullSecrets = pullSecrets } else { self.pullSecrets = [] }
  }

  /// The same in every process, by which a list is found again in a Prepull's status.
  var id: String { ShortHash(source.definition).text(12) }
}

/// What is known of a source now.
package struct SourceAnswer: Hashable, Sendable {
  package struct Problem: Hashable, Sendable {
    /// One word in CamelCase.
    package let reason: String
    /// One line.
    package let message: String
  }

  /// The last list that was good, the best first; nil until there was one.
  package var images: [String]?
  /// When it was given, since the Unix epoch.
  package var updatedAt: Duration?
  /// Why it gave none the last time.
  package var problem: Problem?

  package init(images: [String]? = nil, updatedAt: Duration? = nil, problem: Problem? = nil) {
    self.images = images
    self.updatedAt = updatedAt
    self.problem = problem
  }

  /// Takes in what came of asking. What names no image changes nothing of the list: it is far more likely that a query
  /// or a server is wrong than that nothing is wanted any more.
  mutating func take(_ outcome: Result<SourceFinding, SourceError>, at now: Duration) {
    switch outcome {
    case .success(let finding) where finding.images.isEmpty:
      let cause = finding.remarks.isEmpty ? "" : ": " + finding.remarks.joined(separator: "; ")
      problem = Problem(reason: "SourceEmpty", message: "it gives no image\(cause)")
    case .success(let finding):
      (images, updatedAt, problem) = (finding.images.map(\.reference), now, nil)
    case .failure(let error):
      problem = Problem(reason: "SourceFailed", message: error.description)
    }
  }
}
