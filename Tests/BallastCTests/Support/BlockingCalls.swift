import Testing

/// Calls that wait for work of the concurrency runtime; one after another, so that a thread is left to do that work.
@Suite(.serialized) enum BlockingCalls {}
