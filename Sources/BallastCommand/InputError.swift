/// An input that could not be used: a file, a trace, a configuration, a size.
///
/// It ends the process with status 1.
struct InputError: Error {
  let message: String

  init(_ message: String) { self.message = message }
}

/// Runs `body`; whatever typed error it throws becomes an input error with that error's own words.
func input<Value: ~Copyable, Failure: Error & CustomStringConvertible>(
  _ body: () throws(Failure) -> Value
) throws(InputError) -> Value {
  do throws(Failure) { return try body() } catch { throw InputError(error.description) }
}

/// The same for work that suspends.
func input<Value: ~Copyable, Failure: Error & CustomStringConvertible>(
  _ body: () async throws(Failure) -> Value
) async throws(InputError) -> Value {
  do throws(Failure) { return try await body() } catch { throw InputError(error.description) }
}
