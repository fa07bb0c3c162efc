import ImageModel

/// Numbers for the references, digests, pull secrets, owners and registries that nodes and Prepulls speak of.
///
/// Numbers of values that nobody uses any more are freed, so that tags and Prepulls that come and go take no memory.
struct ImageTable: Sendable {
  /// How many numbers may be taken before unused ones are searched for; where more are in use, a sixteenth more than
  /// the last search left.
  private static let fewNumbers = 1024
  /// In place of a set of registries: none.
  static let noRegistries = RegistrySetNumber(value: -1)

  private(set) var references = NumberTable<String, NumberKind.Image>()
  private(set) var digests = NumberTable<Digest, NumberKind.Digest>()
  private(set) var accesses = NumberTable<PullAccess, NumberKind.Access>()
  private var owners = NumberTable<String, NumberKind.Owner>()
  private var registries = NumberTable<String, NumberKind.Registry>()
  /// References by the names under which a runtime may list them.
  private var listedNames: [String: [ImageNumber]] = [:]
  /// By image.
  private var registryNumbers: [ImageNumber: RegistryNumber] = [:]
  private var registrySets = NumberTable<[RegistryNumber], NumberKind.RegistrySet>()
  private var numbersAllowed = ImageTable.fewNumbers

  /// Values that are kept at all.
  var count: Int {
    references.count + digests.count + owners.count + registries.count + accesses.count + registrySets.count
      + listedNames.count + registryNumbers.count
  }

  /// Whether it is time to search for numbers that nobody uses.
  var isFull: Bool { count > numbersAllowed }

  // MARK: Numbers

  /// The number of a reference; nodes may list it under several names.
  mutating func image(_ reference: String) -> ImageNumber {
    if let known = references.known(reference) { return known }
    let number = references.number(of: reference)
    var names: Set = [reference]
    if let parsed = try? Reference(parsing: reference) { names.formUnion([parsed.description, parsed.familiar]) }
    for name in names { listedNames[name, default: []].append(number) }
    return number
  }

  mutating func digest(_ digest: Digest) -> DigestNumber { digests.number(of: digest) }
  mutating func access(_ access: PullAccess) -> AccessNumber { accesses.number(of: access) }
  mutating func owner(_ key: String) -> OwnerNumber { owners.number(of: key) }
  mutating func registry(_ name: String) -> RegistryNumber { registries.number(of: name) }

  /// The images that a runtime lists under a name.
  func images(listedAs name: String) -> [ImageNumber] { listedNames[name] ?? [] }

  // MARK: Registries

  mutating func setRegistry(_ registry: RegistryNumber, of image: ImageNumber) { registryNumbers[image] = registry }

  /// The registry of a reference, as a Prepull says or as it says itself.
  mutating func registry(ofReference reference: String) -> RegistryNumber {
    registryNumbers[image(reference)]
      ?? registries.number(of: (try? Reference(parsing: reference))?.registry ?? "")
  }

  /// One registry has its own number as a set too, several have one below -1.
  mutating func registrySet(_ wanted: [RegistryNumber]) -> RegistrySetNumber {
    guard let first = wanted.first else { return Self.noRegistries }
    if wanted.allSatisfy({ $0 == first }) { return RegistrySetNumber(value: first.value) }
    return Self.mirrored(registrySets.number(of: Set(wanted).sorted()))
  }

  func registries(inSet number: RegistrySetNumber) -> [RegistryNumber] {
    if number.value >= 0 { return [RegistryNumber(value: number.value)] }
    return number == Self.noRegistries ? [] : registrySets[Self.mirrored(number)]
  }

  /// From a number of the table of sets to one below -1, and back.
  private static func mirrored(_ number: RegistrySetNumber) -> RegistrySetNumber {
    RegistrySetNumber(value: -2 - number.value)
  }

  // MARK: Freeing

  /// Frees all numbers but these.
  mutating func retain(_ used: Used) {
    registrySets.retain(used.sets)
    var usedRegistries = used.registries
    for set in used.sets { usedRegistries.formUnion(registrySets[set]) }
    references.retain(used.images)
    digests.retain(used.digests)
    // Owners of plans that are free are asked for again under their names.
    owners.retain(used.owners)
    accesses.retain(used.accesses)
    registryNumbers = registryNumbers.filter { used.images.contains($0.key) }
    usedRegistries.formUnion(registryNumbers.values)
    registries.retain(usedRegistries)
    listedNames = listedNames.compactMapValues { numbers in
      let kept = numbers.filter { used.images.contains($0) }
      return kept.isEmpty ? nil : kept
    }
    numbersAllowed = max(Self.fewNumbers, count + count / 16)
  }

  /// Numbers that somebody speaks of.
  struct Used {
    var images: Set<ImageNumber> = []
    var digests: Set<DigestNumber> = []
    var owners: Set<OwnerNumber> = []
    var accesses: Set<AccessNumber> = []
    var registries: Set<RegistryNumber> = []
    /// By their place in the table of sets.
    fileprivate var sets: Set<RegistrySetNumber> = []

    mutating func insert(registrySet number: RegistrySetNumber) {
      if number.value >= 0 { registries.insert(RegistryNumber(value: number.value)) }
      if number < ImageTable.noRegistries { sets.insert(ImageTable.mirrored(number)) }
    }
  }
}

/// Failures that were reported lately, so that equal ones share their texts.
struct SharedFailures: Sendable {
  private static let most = 1024
  private var known: [WarmFailure: WarmFailure] = [:]

  mutating func share(_ failure: WarmFailure) -> WarmFailure {
    if let known = known[failure] { return known }
    if known.count >= Self.most { known = [:] }
    known[failure] = failure
    return failure
  }
}
