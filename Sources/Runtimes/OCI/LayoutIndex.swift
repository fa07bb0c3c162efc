import Documents
import ImageModel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `index.json` of a layout. Entries and fields of others survive every change.
///
/// An entry of ours carries two names of its image:
/// - `org.opencontainers.image.ref.name`: the canonical reference in full (`docker.io/library/nginx:1.27`). A layout of
///   a node holds images of many repositories, which the bare tag that the specification suggests would mix up. skopeo
///   reads it as `oci:/folder:docker.io/library/nginx:1.27`.
/// - `io.containerd.image.name`: what containerd's import calls the image. containerd drops the tag where a reference
///   has a digest too, so this name does as well, and pods find the image under the name that they ask for.
///
/// The entry points at what the reference resolved to, an index as a rule, byte for byte, so that the digest is the one
/// that pods see. Of an index only the manifests of wanted platforms are there with their blobs ("sparse"): containerd
/// and skopeo take the one for their platform. umoci cannot choose from any index, and skopeo looks up names among OCI's
/// media types only; an image in Docker's has to be alone in the folder for it (`oci:/folder`).
struct LayoutIndex: Equatable {
  static let referenceName = "org.opencontainers.image.ref.name"
  static let containerdName = "io.containerd.image.name"

  private var document: JSON

  init() {
    document = .object([
      "schemaVersion": .integer(2), "mediaType": .string(MediaType.ociIndex), "manifests": .array([]),
    ])
  }

  init(parsing bytes: [UInt8]) throws {
    document = try JSONDecoder().decode(JSON.self, from: Data(bytes))
    guard document["manifests"] == nil || document["manifests"] == .null || document["manifests"]?.array != nil else {
      throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "'manifests' is no list"))
    }
  }

  func encoded() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try Array(encoder.encode(document))
  }

  /// The entries in their order, unreadable ones included.
  private(set) var entries: [Entry] {
    get { (document["manifests"]?.array ?? []).map(Entry.init) }
    set { document["manifests"] = .array(newValue.map(\.fields)) }
  }

  /// Where the reference points, as far as that can be understood.
  func descriptor(of reference: Reference) -> Descriptor? {
    entries.first { $0.names(reference) }?.descriptor
  }

  /// Points the reference at `descriptor` and returns the entries that had to go for it.
  mutating func point(_ reference: Reference, at descriptor: Descriptor) -> [Entry] {
    let old = entries.filter { $0.names(reference) }
    var kept = old.first { $0.descriptor?.digest == descriptor.digest } ?? Entry(descriptor)
    kept.name(reference)
    let place = entries.firstIndex { $0.names(reference) } ?? entries.count
    var rest = entries
    rest.removeAll { $0.names(reference) }
    rest.insert(kept, at: min(place, rest.count))
    entries = rest
    return old.filter { $0.descriptor?.digest != descriptor.digest }
  }

  /// Takes the reference out and returns its entries.
  mutating func remove(_ reference: Reference) -> [Entry] {
    let old = entries.filter { $0.names(reference) }
    entries.removeAll { $0.names(reference) }
    return old
  }
}

extension LayoutIndex {
  /// One entry of `manifests`, with all its fields.
  struct Entry: Hashable {
    fileprivate(set) var fields: JSON

    fileprivate init(_ fields: JSON) { self.fields = fields }

    fileprivate init(_ descriptor: Descriptor) {
      fields = .object([
        "mediaType": .string(descriptor.mediaType), "digest": .string(descriptor.digest.description),
        "size": .integer(descriptor.size),
      ])
    }

    /// What the entry points at; `nil` when it lacks a field or has a digest of an unknown algorithm.
    var descriptor: Descriptor? {
      guard let type = fields["mediaType"]?.string, let size = fields["size"]?.integer,
        let digest = fields["digest"]?.string.flatMap({ try? Digest(parsing: $0) })
      else { return nil }
      return Descriptor(mediaType: type, digest: digest, size: size)
    }

    /// The name of the image, where it has one; in full if possible (containerd's export calls it by its tag as well).
    var name: String? { names.first { $0.contains("/") } ?? names.first }

    fileprivate func names(_ reference: Reference) -> Bool { names.contains(reference.description) }

    private var names: [String] {
      [LayoutIndex.referenceName, LayoutIndex.containerdName].compactMap { fields["annotations"]?[$0]?.string }
    }

    fileprivate mutating func name(_ reference: Reference) {
      var annotations = fields["annotations"] ?? .object([:])
      let names = [
        LayoutIndex.referenceName: reference,
        LayoutIndex.containerdName: reference.digest.map(reference.at) ?? reference,
      ]
      for (key, name) in names where annotations[key] == nil { annotations[key] = .string(name.description) }
      fields["annotations"] = annotations
    }
  }
}
