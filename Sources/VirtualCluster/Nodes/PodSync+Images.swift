import Documents
import ImageModel
import KubeAPIServer
import Registry

/// Source: `pkg/kubelet/images/image_manager.go`, whose words these are.
extension PodSync {
  /// Why a container waits.
  struct Wait: Error {
    let reason: String
    let message: String
  }

  /// Sees that the image of a container is on the node, as its pull policy has it.
  mutating func ensureImage(_ container: PodPlan.Container) async throws -> Result<HeldImage, Wait> {
    guard let reference = container.reference else {
      let message =
        "Failed to apply default image tag \"\(container.image)\": couldn't parse image name \"\(container.image)\": "
        + "invalid reference format"
      recorder.warning("InspectFailed", message, container: container.fieldPath)
      return fails(container, "InvalidImageName", message)
    }
    let secrets = await PullSecrets(for: reference, plan.pullSecrets, namespace: plan.namespace, in: kubelet.store)
    if !secrets.missing.isEmpty {
      recorder.warning(
        "FailedToRetrieveImagePullSecret",
        "Unable to retrieve some image pull secrets (\(secrets.missing.joined(separator: ", "))); "
          + "attempting to pull the image may not succeed.")
    }
    if container.policy != .always, let image = await kubelet.images.image(reference),
      await admits(image, secrets.found.map(\.secret))
    {
      recorder.normal(
        "Pulled",
        "Container image \"\(container.image)\" already present on machine and can be accessed by the pod",
        container: container.fieldPath)
      return .success(image)
    }
    // Said of images that are there, too, when the pod has no right to them.
    if container.policy == .never {
      let message = "Container image \"\(container.image)\" is not present with pull policy of Never"
      recorder.warning("ErrImageNeverPull", message, container: container.fieldPath)
      wake(at: .now + kubelet.pace.scaled(.seconds(10)))
      return fails(container, "ErrImageNeverPull", message)
    }
    if let backOff = pullBackOff[container.image], backOff.until > .now {
      wake(at: backOff.until)
      let message = "Back-off pulling image \"\(container.image)\""
      recorder.normal("BackOff", message, container: container.fieldPath)
      return fails(container, "ImagePullBackOff", "\(message): ErrImagePull: \(backOff.failure)")
    }
    return try await pull(reference, for: container, secrets.found)
  }

  private func admits(_ image: HeldImage, _ secrets: [PullRecords.Secret]) async -> Bool {
    guard kubelet.template.hasPullRecords else { return true }
    return await kubelet.images.admits(image, secrets)
  }

  private func fails(_ container: PodPlan.Container, _ reason: String, _ message: String) -> Result<HeldImage, Wait> {
    recorder.warning("Failed", "Error: \(reason)", container: container.fieldPath)
    return .failure(Wait(reason: reason, message: message))
  }

  private mutating func pull(
    _ reference: Reference, for container: PodPlan.Container, _ credentials: [PullSecrets.Found]
  ) async throws -> Result<HeldImage, Wait> {
    recorder.normal("Pulling", "Pulling image \"\(container.image)\"", container: container.fieldPath)
    let start = ContinuousClock.now
    do {
      let pulled = try await pull(reference, trying: credentials)
      await kubelet.imagesChanged()
      pullBackOff[container.image] = nil
      let elapsed =
        kubelet.images.backend.isModelled ? kubelet.pace.elapsed(since: start) : ContinuousClock.now - start
      recorder.normal(
        "Pulled",
        "Successfully pulled image \"\(container.image)\" in \(GoDuration(pulled.duration)) "
          + "(\(GoDuration(max(elapsed, pulled.duration))) including waiting). "
          + "Image size: \(pulled.image.sizeBytes) bytes.",
        container: container.fieldPath)
      return .success(pulled.image)
    } catch let failure as PullFailure {
      recorder.warning(
        "Failed", "Failed to pull image \"\(container.image)\": \(failure.message)", container: container.fieldPath)
      let delay = pullBackOff[container.image].map { min($0.delay * 2, Self.longestBackOff) } ?? Self.firstBackOff
      pullBackOff[container.image] = BackOff(
        delay: delay, until: .now + kubelet.pace.scaled(delay), failure: failure.message)
      // The next sync, which says that the kubelet backs off.
      wake(at: .now + kubelet.pace.scaled(.seconds(1)))
      return fails(container, "ErrImagePull", failure.message)
    }
  }

  /// Each credential in turn, until one is let in; none at all where there is none.
  private func pull(
    _ reference: Reference, trying credentials: [PullSecrets.Found]
  ) async throws -> NodeImages.Pulled {
    if credentials.isEmpty { return try await kubelet.images.pull(reference, credential: nil) }
    var failures: [String] = []
    for item in credentials {
      do {
        return try await kubelet.images.pull(reference, credential: item.credential, of: item.secret)
      } catch let error as PullFailure {
        if !failures.contains(error.message) { failures.append(error.message) }
      }
    }
    throw PullFailure(message: failures.count == 1 ? failures[0] : "[\(failures.joined(separator: ", "))]")
  }
}
