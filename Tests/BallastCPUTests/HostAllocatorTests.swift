import Glibc
import Testing

@testable import BallastCPU

/// Linking the executor must not replace the allocator of the process that embeds it.
@Suite struct HostAllocatorTests {
  @Test(arguments: [
    ("malloc", "libc.so.6"), ("free", "libc.so.6"), ("realloc", "libc.so.6"), ("posix_memalign", "libc.so.6"),
    ("_Znwm", "libstdc++.so.6"), ("_ZdlPv", "libstdc++.so.6"),
  ]) func staysWhatItWas(name: String, library: String) throws {
    _ = try DeviceArena(device: .init(0), limitBytes: 1)
    let opened = try #require(dlopen(library, RTLD_LAZY | RTLD_NOLOAD))
    // A null handle asks as the dynamic linker does, in load order.
    #expect(dlsym(nil, name) == dlsym(opened, name))
    dlclose(opened)
  }
}
