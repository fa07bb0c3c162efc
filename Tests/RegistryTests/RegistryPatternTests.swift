import Registry
import Testing

@Suite("Patterns of images", .timeLimit(.minutes(1))) struct RegistryPatternTests {
  @Test(
    "They fit as the kubelet's do",
    arguments: [
      ("gcr.io", "gcr.io", "a/b", true), ("gcr.io", "eu.gcr.io", "a", false), ("*.gcr.io", "eu.gcr.io", "a", true),
      ("*.gcr.io", "gcr.io", "a", false), ("*.io", "eu.gcr.io", "a", false),
      ("*.dkr.ecr.*.amazonaws.com", "1.dkr.ecr.eu-1.amazonaws.com", "x", true),
      ("app*.k8s.io", "app1.k8s.io", "x", true),
      ("app*.k8s.io", "web.k8s.io", "x", false), ("*", "localhost", "x", true), ("*.*", "registry.io", "x", true),
      ("registry.io:8080/path", "registry.io:8080", "path/x", true),
      ("registry.io:8080/path", "registry.io:8080", "other", false),
      ("registry.io/path", "registry.io", "pathology", true),
      ("registry.io", "registry.io:8080", "x", false), ("registry.io:8080", "registry.io", "x", false),
      ("*.io:8080", "registry.io:8080", "x", true), ("docker.io", "docker.io", "library/x", true),
      ("index.docker.io", "docker.io", "library/x", true), ("REGISTRY.io", "registry.io", "x", true),
    ])
  func fits(_ pattern: String, _ registry: String, _ repository: String, _ isFit: Bool) {
    #expect(RegistryPattern.fits(pattern, registry: registry, repository: repository) == isFit)
  }
}
