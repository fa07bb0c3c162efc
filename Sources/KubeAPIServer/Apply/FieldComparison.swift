import Documents

/// Fields of values, by the rules of their kind.
enum FieldComparison {
  /// All that `value` sets.
  static func fields(of value: JSON, _ rules: MergeRules) -> FieldSet { changes(from: nil, to: value, rules) }

  /// What `new` sets that `old` has not or has otherwise.
  static func changes(from old: JSON?, to new: JSON, _ rules: MergeRules) -> FieldSet {
    if let old, old == new { return FieldSet() }
    switch new {
    case .object(let members) where !members.isEmpty && !rules.isAtomic:
      var set = FieldSet()
      for (name, member) in members {
        let child = changes(from: old?[name], to: member, rules.member(name))
        if !child.isEmpty { set.children["f:" + name] = child }
      }
      return set
    case .array(let elements):
      switch rules.list {
      case .atomic: return .member
      case .set:
        var set = FieldSet()
        for element in elements where old?.array?.contains(element) != true {
          set.children["v:" + element.text] = .member
        }
        return set
      case .map(let keys):
        let before = index(old?.array ?? [], keys, rules)
        var set = FieldSet()
        for element in elements {
          let key = rules.key(of: element, keys)
          var child = changes(from: before[key], to: element, rules.element)
          if before[key] == nil { child.isMember = true }
          if !child.isEmpty { set.children[key] = child }
        }
        return set
      }
    default: return .member
    }
  }

  static func index(_ elements: [JSON], _ keys: [String], _ rules: MergeRules) -> [String: JSON] {
    Dictionary(elements.map { (rules.key(of: $0, keys), $0) }) { first, _ in first }
  }

  /// `live` with all that `applied` sets.
  static func merge(_ live: JSON?, _ applied: JSON, _ rules: MergeRules) -> JSON {
    guard let live else { return applied }
    switch (live, applied) {
    case (.object(var members), .object(let changes)) where !rules.isAtomic:
      for (name, change) in changes { members[name] = merge(members[name], change, rules.member(name)) }
      return .object(members)
    case (.array(let elements), .array(let changes)):
      switch rules.list {
      case .atomic: return applied
      case .set: return .array(elements + changes.filter { !elements.contains($0) })
      case .map(let keys):
        let present = index(elements, keys, rules)
        let wanted = Set(changes.map { rules.key(of: $0, keys) })
        // Applied elements in their order, then those of others.
        return .array(
          changes.map { merge(present[rules.key(of: $0, keys)], $0, rules.element) }
            + elements.filter { !wanted.contains(rules.key(of: $0, keys)) })
      }
    default: return applied
    }
  }

  /// `value` without the fields of `set`; nil when nothing of it is left.
  static func remove(_ set: FieldSet, from value: JSON, _ rules: MergeRules) -> JSON? {
    if set.isMember, set.children.isEmpty { return nil }
    switch value {
    case .object(var members):
      for (key, child) in set.children where key.hasPrefix("f:") {
        let name = String(key.dropFirst(2))
        guard let member = members[name] else { continue }
        members[name] = remove(child, from: member, rules.member(name))
      }
      // Nobody wanted it empty.
      return members.isEmpty ? nil : .object(members)
    case .array(let elements):
      let rest = elements.compactMap { element -> JSON? in
        switch rules.list {
        case .atomic: return element
        case .set: return set.children["v:" + element.text] == nil ? element : nil
        case .map(let keys):
          guard let child = set.children[rules.key(of: element, keys)] else { return element }
          // The element goes as a whole with the one who put it there.
          return child.isMember ? nil : remove(child, from: element, rules.element)
        }
      }
      return rest.isEmpty && !elements.isEmpty ? nil : .array(rest)
    default: return value
    }
  }
}
