import Documents

/// What a source gave when it was asked.
package struct SourceFinding: Hashable, Sendable {
  package struct Image: Hashable, Sendable {
    /// Why it stands where it stands.
    package enum Figure: Hashable, Sendable {
      case value(Double)
      case version(String)
      /// RFC 3339.
      case created(String)
    }

    /// As pods write it.
    package let reference: String
    package let figure: Figure

    package init(reference: String, figure: Figure) {
      self.reference = reference
      self.figure = figure
    }
  }

  /// The best first.
  package var images: [Image]
  /// What was passed by and why, a line each.
  package var remarks: [String]

  package init(images: [Image] = [], remarks: [String] = []) {
    self.images = images
    self.remarks = remarks
  }
}

/// Why a source gave nothing.
package struct SourceError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Hashable, Sendable, CaseIterable {
    /// The host is not among those that may be asked.
    case notAllowed
    /// What the Secret should hold could not be had.
    case secret
    case unreachable, timedOut, tls, unauthorized, redirected
    /// The server does not understand the query.
    case badQuery
    /// The answer is not what the API gives, or has nothing to rank.
    case badAnswer
    case tooLarge
    /// The registry: no such repository, no tag lists, a broken list.
    case noTags, registry
    case fault
  }

  package let code: Code
  /// What happened, the end of a sentence about the source.
  package let detail: String
  /// What helps, a sentence.
  package let remedy: String
  /// How long the server asked to be left alone.
  package let retryAfter: Duration?

  package init(_ code: Code, _ detail: String, remedy: String, retryAfter: Duration? = nil) {
    self.code = code
    self.detail = ForeignText.clause(detail, limit: 500)
    self.remedy = remedy
    self.retryAfter = retryAfter
  }

  /// One line.
  package var description: String { "\(detail). \(remedy)" }
}
