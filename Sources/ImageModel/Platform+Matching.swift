extension Platform {
  /// The platforms whose programs run here, best first, as containerd orders them.
  ///
  /// `arm64` also runs `arm/v8`…`arm/v5`; `amd64/v3` also runs `v2`, the base variant and `386`.
  package var runnable: [Platform] {
    let own = normalized
    switch own.architecture {
    case "amd64":
      let level = own.variant.flatMap { Int($0.dropFirst()) } ?? 1
      let lower = stride(from: level - 1, through: 1, by: -1).map { own.with(variant: $0 == 1 ? nil : "v\($0)") }
      return [own] + lower + [Platform(os: own.os, architecture: "386")]
    case "arm64":
      let arm = [8, 7, 6, 5].map { Platform(os: own.os, architecture: "arm", variant: "v\($0)") }
      return (own.variant == nil ? [own] : [own, own.with(variant: nil)]) + arm
    case "arm":
      guard let level = own.variant.flatMap({ Int($0.dropFirst()) }), level > 5 else { return [own] }
      return [own] + stride(from: level - 1, through: 5, by: -1).map { own.with(variant: "v\($0)") }
    default:
      return [own]
    }
  }

  /// The manifest of an index that suits this platform best; `nil` when none runs here.
  package func best(in manifests: [Descriptor]) -> Descriptor? {
    best(of: manifests.map(\.platform)).map { manifests[$0] }
  }

  /// The entry of an index that containerd takes for this platform; `nil` when it takes none.
  ///
  /// - Throws: `DocumentFault` when that entry points at nothing that can be fetched.
  package func choice(in index: Index) throws(DocumentFault) -> Descriptor? {
    let entries = index.entries
    guard let best = best(of: entries.map(\.platform)) else { return nil }
    return try entries[best].descriptor.get()
  }

  /// An entry without a platform says nothing about itself and is taken only when no other matches, the first one
  /// whatever it is: its configuration tells then. A platform without an architecture is another one.
  private func best(of platforms: [Platform?]) -> Int? {
    let known = platforms.map { $0?.normalized }
    for candidate in runnable {
      let matches = known.indices.filter { index in
        guard let platform = known[index] else { return false }
        return platform.os == candidate.os && platform.architecture == candidate.architecture
          && platform.variant == candidate.variant && accepts(platform.osVersion)
      }
      // Of several builds of Windows the newest that runs here; of others the first.
      let best = matches.first.map { first in
        matches.dropFirst().reduce(first) { best, other in
          Self.isNewer(known[other]?.osVersion, than: known[best]?.osVersion) ? other : best
        }
      }
      if let best { return best }
    }
    return known.firstIndex(of: nil)
  }

  /// Whether an image of `platform` runs here.
  package func runs(_ platform: Platform) -> Bool {
    let image = platform.normalized
    return runnable.contains {
      $0.os == image.os && $0.architecture == image.architecture && $0.variant == image.variant
        && accepts(image.osVersion)
    }
  }

  private func with(variant: String?) -> Platform {
    Platform(os: os, architecture: architecture, variant: variant, osVersion: osVersion)
  }

  /// Windows images run on the same build only (the first three numbers of the version); from Windows Server 2022 on
  /// (20348) on later ones too.
  ///
  /// Source: containerd's platform matching, and hcsshim's `CheckHostAndContainerCompat`. The runtime knows more exceptions
  /// and has the last word.
  private func accepts(_ image: String?) -> Bool {
    guard os == "windows", let image = image.flatMap(WindowsBuild.init), let host = osVersion.flatMap(WindowsBuild.init)
    else { return true }
    return image.isSame(as: host)
      || (image.isOf(host) && (WindowsBuild.firstStable...).contains(image.number) && image.number <= host.number)
  }

  private static func isNewer(_ one: String?, than other: String?) -> Bool {
    guard let one = one.flatMap(WindowsBuild.init) else { return false }
    return other.flatMap(WindowsBuild.init).map { $0 < one } ?? true
  }
}
