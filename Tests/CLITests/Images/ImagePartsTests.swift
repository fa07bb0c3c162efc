import Workloads
import Testing

@testable import CLI

/// What `images -f`, `check -f` and `run -f` make of images that stand in several fields, and under keys of all kinds.
@Suite("Images in parts and under other keys", .timeLimit(.minutes(10)))
struct ImagePartsTests {
  /// The images and, behind a `!`, the codes of problems in a custom resource with this spec.
  private static func found(_ spec: String, kind: String = "Thing", group: String = "vendor.example/v1") throws
    -> String
  {
    let text = "apiVersion: \(group)\nkind: \(kind)\nmetadata: {name: x}\nspec: \(spec)\n"
    let found = try ManifestFiles.images(of: text, name: "f.yaml")
    return (found.images.map(\.reference) + found.problems.map { "!\($0.code)" }).joined(separator: " ")
  }

  @Test(
    "Parts are put together, or named as not understood",
    arguments: [
      // A GPU operator's.
      ("{a: {repository: reg.example/vendor, image: plugin, version: v1, env: []}}", "reg.example/vendor/plugin:v1"),
      (
        "{a: {repository: reg.example/vendor, image: plugin, version: 'sha256:\(sha)'}}",
        "reg.example/vendor/plugin@sha256:\(sha)"
      ),
      ("{a: {repository: reg.example/vendor, image: plugin, imagePullPolicy: Always}}", "!parts"),
      ("{a: {repository: reg.example/vendor, image: plugin, version: 550.54}}", "!parts"),
      ("{a: {repository: reg.example/vendor, image: plugin, version: 16}}", "reg.example/vendor/plugin:16"),
      // Values of charts.
      ("{a: {image: nginx, tag: '1.27', resources: {}}}", "nginx:1.27"),
      ("{a: {image: nginx, tag: 1.27, resources: {}}}", "!parts"),
      ("{a: {registry: quay.example, image: team/api, tag: '2.0', env: []}}", "quay.example/team/api:2.0"),
      ("{a: {image: {repository: envoy, tag: v1}, resources: {}}}", "envoy:v1"),
      (
        "{a: {image: {registry: quay.example/, repository: team/api, tag: '', digest: 'sha256:\(sha)'}}}",
        "quay.example/team/api@sha256:\(sha)"
      ),
      ("{a: {image: {registry: '', repository: team/api, tag: null, digest: ''}}}", "!parts"),
      ("{a: {image: {repository: team/api, tag: v1, sha: \(sha)}}}", "team/api:v1@sha256:\(sha)"),
      ("{image: {repository: team/api, version: v1}}", "team/api:v1"),
      ("{webImage: team/web, webTag: v1, dbImage: team/db, dbImageTag: '2'}", "team/db:2 team/web:v1"),
      ("{image_repository: reg.example/a, image_tag: v2}", "reg.example/a:v2"),
      ("{imageRepository: reg.example/a, imageTag: v2}", "reg.example/a:v2"),
      ("{imageRepository: reg.example/a, version: v2}", "!parts"),
      ("{sidecar: {repository: reg.example/a, tag: v2}}", "reg.example/a:v2"),
      ("{image: {name: team/api, tag: v1}}", "team/api:v1"),
      (
        "{medusa: {containerImage: {registry: docker.io, repository: k8ssandra, name: medusa, tag: '0.1'}}}",
        "docker.io/k8ssandra/medusa:0.1"
      ),
      (
        "{global: {imageRegistry: reg.example}, web: {image: {repository: team/web, tag: v1}}}",
        "reg.example/team/web:v1"
      ),
      ("{registry: reg.example, web: {image: {repository: team/web, tag: v1}}}", "!parts"),
      ("{tag: v1, web: {image: team/web, resources: {}}}", "!parts"),
      // Istio's.
      (
        "{hub: docker.io/istio, tag: 1.22.0, values: {global: {proxy: {image: proxyv2, resources: {}}}}}",
        "docker.io/istio/proxyv2:1.22.0 !parts"
      ),
      (
        "{values: {global: {hub: docker.io/istio, tag: 1.22.0}, pilot: {image: pilot}}}",
        "docker.io/istio/pilot:1.22.0 !parts"
      ),
      ("{hub: docker.io/istio, values: {pilot: {image: pilot}}}", "!parts"),
      ("{hub: docker.io/istio, tag: 1.22.0}", "!parts"),
      ("{a: {hub: docker.io/istio, image: pilot, tag: 1.22.0}}", "docker.io/istio/pilot:1.22.0"),
      ("{imageRegistry: quay.io/kubevirt, imageTag: v1.2.0}", "!parts"),
      ("{a: {registry: quay.io, organization: team, image: api, tag: v1}}", "!parts"),
      ("{containers: [{name: a, image: nginx, tag: '1.27'}]}", "nginx:1.27"),
      ("{containers: [{name: a, image: {repository: nginx, tag: '1.27'}}]}", "nginx:1.27"),
      ("{dockerRepository: reg.example/a, dockerTag: v2}", "reg.example/a:v2"),
      // Bases.
      ("{baseImage: quay.io/prometheus/prometheus, version: v2.40.0}", "quay.io/prometheus/prometheus:v2.40.0"),
      ("{baseImage: quay.io/prometheus/prometheus, sha: \(sha)}", "quay.io/prometheus/prometheus@sha256:\(sha)"),
      ("{version: v7.5.0, pd: {baseImage: pingcap/pd}}", "pingcap/pd:v7.5.0"),
      ("{baseImage: pingcap/pd}", "!parts"),
      // Digests whose parts stand apart, or behind a tag.
      ("{image: {repository: 'reg.example/a@sha256', tag: \(sha)}}", "reg.example/a@sha256:\(sha)"),
      ("{a: {image: 'reg.example/a@sha256', version: \(sha)}}", "reg.example/a@sha256:\(sha)"),
      ("{image: {repository: 'reg.example/a@sha256', digest: 'sha256:\(sha)'}}", "reg.example/a@sha256:\(sha)"),
      ("{image: {repository: 'reg.example/a@sha256'}}", "!parts"),
      ("{image: {repository: reg.example/a, tag: 'v1@sha256:\(sha)'}}", "reg.example/a:v1@sha256:\(sha)"),
      ("{image: {repository: reg.example/a, tag: '@sha256:\(sha)'}}", "reg.example/a@sha256:\(sha)"),
      ("{image: {repository: reg.example/a, tag: ':v1'}}", "reg.example/a:v1"),
      // What is added to a tag.
      ("{image: reg.example/a, imageTag: v1, imageTagSuffix: -alpine}", "!parts"),
      ("{a: {image: reg.example/a, tag: v1, suffix: -alpine}}", "!parts"),
      ("{a: {image: reg.example/a, tag: v1, suffix: ''}}", "reg.example/a:v1"),
      // Keys of containers that hold none.
      ("{container: {imageRegistry: reg.example, imageRepository: a, imageTag: v1}}", "reg.example/a:v1"),
      ("{container: {registryURL: reg.example, imageName: a, imageVersion: '2'}}", "reg.example/a:2"),
      ("{a: {registryURL: 'https://reg.example', imageName: a, imageVersion: '2'}}", "!parts"),
      ("{a: {image: '', repository: reg.example/a, tag: v1}}", "reg.example/a:v1"),
      ("{a: {repository: reg.example/a, version: v1}}", "!parts"),
      // What is whole stays so.
      ("{image: 'reg.example/a:1', version: v9, imagePullPolicy: Always}", "reg.example/a:1"),
      ("{image: 'reg.example/a:1', tag: '1'}", "reg.example/a:1"),
      ("{image: 'reg.example/a:1', tag: '2'}", "!parts"),
      ("{image: reg.example/a, version: v9}", "!parts"),
      ("{repository: reg.example/team, image: reg.example/team/a, tag: v1}", "reg.example/team/a:v1"),
      ("{registry: mirror.example, image: reg.example/team/a, tag: v1}", "!parts"),
      ("{repository: team/a, image: a, tag: v1}", "!parts"),
      ("{image: '{{ .Values.image }}', tag: v1}", "!variable"),
      ("{image: 'reg.example/a:$TAG', env: []}", "!variable"),
      ("{image: 'Team/A', tag: v1}", "!malformed"),
      // What is no image.
      ("{repository: 'https://charts.example', version: '1.0', chart: x}", ""),
      ("{source: {repository: 'https://git.example/x.git', tag: v1}}", ""),
      ("{chart: {spec: {chart: shop, version: 1.2.3, sourceRef: {kind: HelmRepository, name: x}}}}", ""),
    ])
  func parts(spec: String, expected: String) throws {
    #expect(try Self.found(spec) == expected)
  }

  @Test(
    "What looks like an image under another key is found or mentioned",
    arguments: [
      ("{imageName: 'reg.example/postgresql:16.4', instances: 3}", "reg.example/postgresql:16.4"),
      ("{cephVersion: {image: 'reg.example/ceph:v18', allowUnsupported: false}}", "reg.example/ceph:v18"),
      ("{image: 'quay.io/prometheus/prometheus:v2', version: v2, replicas: 2}", "quay.io/prometheus/prometheus:v2"),
      ("{image: 'flink:1.17', flinkVersion: v1_17}", "flink:1.17"),
      ("{image: spark, sparkVersion: 3.5.1, driver: {image: 'spark:3.5.1-driver'}}", "spark:3.5.1-driver !unclear"),
      ("{kafka: {image: 'quay.io/strimzi/kafka:0.41'}}", "quay.io/strimzi/kafka:0.41"),
      ("{dockerImage: 'ghcr.io/zalando/spilo-16:3.2'}", "ghcr.io/zalando/spilo-16:3.2"),
      (
        "{images: {vtgate: 'vitess/lite:v19', mysqld: {mysql80Compatible: 'vitess/lite:v18'}}}",
        "vitess/lite:v18 vitess/lite:v19"
      ),
      ("{images: ['a:1', b, {name: c, image: 'c:1'}]}", "a:1 c:1 !unclear"),
      (
        "{images: [{name: web, newName: reg.example/web, newTag: '2'}, {name: db, newTag: '3'}, {name: x, newName: y}]}",
        "reg.example/web:2 db:3 !parts"
      ),
      ("{kustomize: {images: ['web=reg.example/web:2']}}", "reg.example/web:2"),
      ("{relatedImages: [{name: proxy, image: 'quay.io/x/proxy:1'}]}", "quay.io/x/proxy:1"),
      ("{from: {kind: DockerImage, name: 'quay.io/x/y:1'}}", "quay.io/x/y:1"),
      ("{source: {registry: {url: 'docker://quay.io/x'}}, image: 'docker://quay.io/x/y:1'}", "quay.io/x/y:1"),
      (
        "{env: [{name: RELATED_IMAGE_PROXY, value: 'quay.io/x/proxy:1'}, {name: HOST, value: 'redis:6379'}]}",
        "!unclear"
      ),
      ("{values: \"image:\\n  repository: x\\n\"}", "!unclear"),
      (
        "{image: {application: 'reg.example/server:7', init: 'reg.example/init:2', pullPolicy: Always}}",
        "reg.example/server:7 reg.example/init:2"
      ),
      ("{sparkImage: {custom: 'reg.example/spark:1', productVersion: '3.5'}}", "reg.example/spark:1"),
      ("{image: {url: 'reg.example/a:1'}}", "reg.example/a:1"), ("{image: {url: 'https://x.example/y'}}", ""),
      ("{imagesByArch: {amd64: 'a:1', arm64: 'b:1'}}", "a:1 b:1"), ("{imagestreams: {a: 'a:1'}}", ""),
      // Under keys of which nothing says that an image stands there.
      ("{version: 'reg.example/grafana:10.4'}", "!unclear"), ("{package: 'reg.example/x/provider:v1.5'}", "!unclear"),
      ("{params: [{name: bundle, value: 'reg.example/bundle:1'}]}", "!unclear"),
      ("{source: {registry: {url: 'docker://reg.example/disks/fedora:40'}}}", "!unclear"),
      ("{brokers: 'a.example:9092', url: 'https://a.example/b:1', path: reg.example/x, time: '10.20/30:40'}", ""),
      ("{image: ''}", ""), ("{image: logo.png}", ""), ("{image: 'https://x.example/y'}", ""),
      ("{image: '*:latest'}", ""),
      ("{image: nginx}", "!unclear"),
    ])
  func otherKeys(spec: String, expected: String) throws {
    #expect(try Self.found(spec) == expected)
  }

  @Test func imagesOfMachinesAndOfScansAreNone() throws {
    #expect(try Self.found("{image: ubuntu-2204-lts}", group: "infrastructure.cluster.x-k8s.io/v1beta1") == "")
    #expect(try Self.found("{image: ubuntu/images/focal}", group: "kops.k8s.io/v1alpha2") == "")
    #expect(try Self.found("{image: ghcr.io/x/y}", kind: "ImageRepository", group: "image.toolkit.fluxcd.io/v1") == "")
  }

  @Test("Kubernetes' own kinds have images in containers and nowhere else")
  func ownKinds() throws {
    let pod = "{containers: [{name: a, image: nginx, env: [{name: tag, value: x}]}], note: {image: x, tag: y}}"
    #expect(try Self.found(pod, kind: "Pod", group: "v1") == "nginx")
    let rollout = "{template: {spec: {containers: [{name: a, image: nginx}]}}}"
    #expect(try Self.found(rollout, kind: "Rollout", group: "argoproj.io/v1alpha1") == "nginx")
  }

  @Test("What a pod is given to start others with is mentioned")
  func given() throws {
    let pod = """
      {containers: [{name: a, image: 'nginx:1', args: ['--reloader-image=quay.io/x/y:1', '--image-dir=/x', '--to=a:1'],
      env: [{name: RELATED_IMAGE_A, value: 'quay.io/x/z:1'}]}]}
      """
    #expect(try Self.found(pod, kind: "Pod", group: "v1") == "nginx:1 !unclear !unclear")
    let words = "{containers: [{name: a, image: 'nginx:1', args: ['--reloader-image', 'quay.io/x/y:1', 'a/b:1']}]}"
    #expect(try Self.found(words, kind: "Pod", group: "v1") == "nginx:1 !unclear")
    let template = """
      {template: {metadata: {annotations: {sidecar.istio.io/proxyImage: 'quay.io/x/y:1'}}, spec: {containers:
      [{name: a, image: 'nginx:1'}]}}}
      """
    #expect(try Self.found(template, kind: "Deployment", group: "apps/v1") == "nginx:1 !unclear")
  }

  @Test func aPlaceTellsWhereTheImageStandsAndNoPartOfIt() throws {
    let text = """
      apiVersion: vendor.example/v1
      kind: Policy
      metadata: {name: "x\\e[2J"}
      spec:
        driver: {repository: reg.example/vendor, image: driver, version: v1}
      """
    let found = try ManifestFiles.images(of: text, name: "f.yaml")
    let place = try #require(found.images.first?.place)
    #expect(place.container == "spec.driver")
    #expect(place.path == "spec.driver.image")
    #expect(place.source == "policy/x [2J", "what steers terminals is cut out")
  }

}

private let sha = String(repeating: "0123456789abcdef", count: 4)
