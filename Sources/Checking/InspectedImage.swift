import Documents
package import ImageModel
package import Registry

/// What a registry says of an image.
package struct InspectedImage: Hashable, Sendable {
  package struct Layer: Hashable, Sendable {
    package var descriptor: Descriptor
    package var form: LayerForm
    package var unpacked: UnpackedSize

    package init(_ descriptor: Descriptor) {
      self.descriptor = descriptor
      form = LayerForm(descriptor)
      unpacked = UnpackedSize(of: descriptor, form)
    }
  }

  /// The image of one platform.
  package struct Variant: Hashable, Sendable {
    /// As the image states it.
    package var platform: Platform
    /// Of the manifest.
    package var descriptor: Descriptor
    package var config: Descriptor
    /// Each digest once, from the base up.
    package var layers: [Layer]

    /// Bytes on the wire, configuration included.
    package var size: Int64 { layers.reduce(config.size) { $0 + $1.descriptor.size } }
    package var unpacked: UnpackedSize { layers.reduce(.zero) { $0 + $1.unpacked } }
  }

  /// What the reference points at: an index, or the manifest itself.
  package var descriptor: Descriptor
  /// What it says to exist for, in its order.
  package var platforms: [Platform]
  /// By the platform that was asked for. Where none of them is there, the image's first under its own.
  package var variants: [Platform: Variant]
  /// When it was built, RFC 3339, as its configuration says; builds that can be repeated say some date of long ago.
  package var created: String?
  /// Manifests of the index that describe others and do not run: provenance, lists of packages.
  package var attestations: Int
  package var rateLimit: RateLimit?
  /// The type under which the registry sent the manifest, where it is none of a manifest; empty for no type.
  package var vagueType: String?

  /// Everything under which a node may name it.
  package var digests: Set<Digest> {
    variants.values.reduce(into: [descriptor.digest]) { $0.formUnion([$1.descriptor.digest, $1.config.digest]) }
  }

  /// The traits of any layer of any variant.
  package var traits: Set<LayerForm.Trait> {
    variants.values.reduce(into: []) { traits, variant in
      for layer in variant.layers { traits.formUnion(layer.form.traits) }
    }
  }

  package func has(_ compression: LayerForm.Compression) -> Bool {
    variants.values.contains { $0.layers.contains { $0.form.compression == compression } }
  }
}

/// Why an image could not be inspected.
package struct InspectionFailure: Error, Hashable, Sendable {
  package var code: CheckCode
  package var detail: String
  package var remedy: String

  package init(_ code: CheckCode, _ detail: String, _ remedy: String) {
    self.code = code
    self.detail = ForeignText.clause(detail, limit: 1000)
    self.remedy = ForeignText.clean(remedy, limit: 1000)
  }

  package init(_ error: RegistryError) {
    self.init(CheckCode(rawValue: error.code.rawValue) ?? .fault, error.reason, error.remedy)
  }
}
