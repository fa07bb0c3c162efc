/// When an image is pulled, in the names of Kubernetes' `imagePullPolicy`.
package enum PullPolicy: String, Sendable, CaseIterable {
  /// An image that is there under its reference is taken as it is; no registry is asked.
  case ifNotPresent = "IfNotPresent"
  /// The registry is asked, and the image is pulled where the runtime holds another digest.
  case always = "Always"
}
