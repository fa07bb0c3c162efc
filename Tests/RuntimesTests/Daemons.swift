import Testing

/// Tests that start real daemons: one after the other, so that they do not starve each other on a small machine.
@Suite(.serialized, .timeLimit(.minutes(10))) enum Daemons {}
