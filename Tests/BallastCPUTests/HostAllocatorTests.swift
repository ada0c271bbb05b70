import BallastRuntime
import Glibc
import Testing

@testable import BallastCPU

/// Linking the executor must not replace the allocator of the process that embeds it.
@Suite struct HostAllocatorTests {
  @Test(arguments: ["malloc", "free", "calloc", "realloc", "posix_memalign", "aligned_alloc", "_Znwm", "_ZdlPv"])
  func isNotReplaced(name: String) throws {
    _ = try DeviceArena(device: DeviceID(0), limitBytes: 1)
    let jemalloc = try #require(dlopen("libjemalloc.so.2", RTLD_LAZY | RTLD_NOLOAD))
    // A null handle asks as the dynamic linker does, in load order.
    let inUse = try #require(dlsym(nil, name))
    #expect(inUse != dlsym(jemalloc, name))
    #expect(dlsym(nil, "mallocx") == dlsym(jemalloc, "mallocx"))
    dlclose(jemalloc)
  }
}
