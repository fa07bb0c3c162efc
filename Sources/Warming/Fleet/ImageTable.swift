import ImageModel

/// Numbers for the references, digests, pull secrets, owners and registries that nodes and Prepulls speak of.
///
/// Numbers of values that nobody uses any more are freed, so that tags and Prepulls that come and go take no memory.
struct ImageTable: Sendable {
  /// How many numbers may be taken before it is looked which of them are free; where more are in use, a sixteenth more
  /// than the last look left.
  private static let fewNumbers = 1024
  /// In place of a set of registries: none.
  static let noRegistries: Int32 = -1

  private(set) var references = NumberTable<String>()
  private(set) var digests = NumberTable<Digest>()
  private(set) var accesses = NumberTable<PullAccess>()
  private var owners = NumberTable<String>()
  private var registries = NumberTable<String>()
  /// References by the names under which a runtime may list them.
  private var listedNames: [String: [Int32]] = [:]
  /// By image.
  private var registryNumbers: [Int32: Int32] = [:]
  private var registrySets = NumberTable<[Int32]>()
  private var numbersAllowed = ImageTable.fewNumbers

  /// Values that are kept at all.
  var count: Int {
    references.count + digests.count + owners.count + registries.count + accesses.count + registrySets.count
      + listedNames.count + registryNumbers.count
  }

  /// Whether it is time to look which numbers are free.
  var isFull: Bool { count > numbersAllowed }

  // MARK: Numbers

  /// The number of a reference; nodes may list it under several names.
  mutating func image(_ reference: String) -> Int32 {
    if let known = references.known(reference) { return known }
    let number = references.number(of: reference)
    var names: Set = [reference]
    if let parsed = try? Reference(parsing: reference) { names.formUnion([parsed.description, parsed.familiar]) }
    for name in names { listedNames[name, default: []].append(number) }
    return number
  }

  mutating func digest(_ digest: Digest) -> Int32 { digests.number(of: digest) }
  mutating func access(_ access: PullAccess) -> Int32 { accesses.number(of: access) }
  mutating func owner(_ key: String) -> Int32 { owners.number(of: key) }
  mutating func registry(_ name: String) -> Int32 { registries.number(of: name) }

  /// The images that a runtime lists under a name.
  func images(listedAs name: String) -> [Int32] { listedNames[name] ?? [] }

  // MARK: Registries

  mutating func setRegistry(_ registry: Int32, of image: Int32) { registryNumbers[image] = registry }

  /// The registry of a reference, as a Prepull says or as it says itself.
  mutating func registry(ofReference reference: String) -> Int32 {
    registryNumbers[image(reference)]
      ?? registries.number(of: (try? Reference(parsing: reference))?.registry ?? "")
  }

  /// One registry has its own number, several have one below -1.
  mutating func registrySet(_ wanted: [Int32]) -> Int32 {
    guard let first = wanted.first else { return Self.noRegistries }
    return wanted.allSatisfy { $0 == first } ? first : -2 - registrySets.number(of: Set(wanted).sorted())
  }

  func registries(inSet number: Int32) -> [Int32] {
    number >= 0 ? [number] : number == Self.noRegistries ? [] : registrySets[-2 - number]
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
    var images: Set<Int32> = []
    var digests: Set<Int32> = []
    var owners: Set<Int32> = []
    var accesses: Set<Int32> = []
    var registries: Set<Int32> = []
    fileprivate(set) var sets: Set<Int32> = []

    mutating func insert(registrySet number: Int32) {
      if number >= 0 { registries.insert(number) }
      if number < ImageTable.noRegistries { sets.insert(-2 - number) }
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
