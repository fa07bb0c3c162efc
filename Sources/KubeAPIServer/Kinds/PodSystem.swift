import Documents

/// What `spec.os` forbids a pod: `validateOS`, `validateWindows` and `validateLinux` of `pkg/apis/core/validation`.
enum PodSystem {
  private static let ofPods = [
    "appArmorProfile", "fsGroup", "fsGroupChangePolicy", "runAsGroup", "runAsUser", "seLinuxChangePolicy",
    "seLinuxOptions", "seccompProfile", "supplementalGroups", "supplementalGroupsPolicy", "sysctls",
  ]
  private static let ofContainers = [
    "allowPrivilegeEscalation", "appArmorProfile", "capabilities", "privileged", "procMount", "readOnlyRootFilesystem",
    "runAsGroup", "runAsUser", "seLinuxOptions", "seccompProfile",
  ]

  static func problems(in spec: JSON, at path: String) -> [FieldProblem] {
    guard let system = spec["os"], system != .null else { return [] }
    let containers = ["initContainers", "containers"].flatMap { list in
      (spec[list]?.array ?? []).enumerated().map { ("\(path).\(list)[\($0)].securityContext", $1["securityContext"]) }
    }
    switch system["name"]?.string ?? "" {
    case "": return [.required("\(path).os.name")]
    case "windows":
      let ofSpec = ["hostIPC", "hostPID", "hostUsers", "shareProcessNamespace"].filter {
        ![nil, .null, .bool(false)].contains(spec[$0])
      }
      return forbidden(ofSpec, at: path)
        + forbidden(set(ofPods, in: spec["securityContext"]), at: "\(path).securityContext")
        + containers.flatMap { forbidden(set(ofContainers, in: $1), at: $0) }
    case "linux":
      return ([("\(path).securityContext", spec["securityContext"])] + containers).flatMap { place, context in
        set(["windowsOptions"], in: context).map {
          FieldProblem.forbidden("\(place).\($0)", "windows options cannot be set for a linux pod")
        }
      }
    case let other: return [.unsupported("\(path).os.name", .string(other), ["linux", "windows"])]
    }
  }

  private static func set(_ fields: [String], in context: JSON?) -> [String] {
    fields.filter { ![nil, .null].contains(context?[$0]) }
  }

  private static func forbidden(_ fields: [String], at place: String) -> [FieldProblem] {
    fields.map { .forbidden("\(place).\($0)", "cannot be set for a windows pod") }
  }
}
