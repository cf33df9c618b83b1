import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.resolver.ResolvedAddressTypes;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.util.List;

/**
 * A caller of Netty's DnsNameResolver with a stopwatch: GAP_MS THREADS both|default NAME...
 *
 * `default` asks for A alone where the machine has no IPv6 address beside fe80::.
 */
public final class NettyResolve {
  public static void main(String[] a) throws Exception {
    EventLoopGroup group = new NioEventLoopGroup(1);
    DnsNameResolverBuilder b = new DnsNameResolverBuilder(group.next())
        .datagramChannelFactory(NioDatagramChannel::new).socketChannelFactory(NioSocketChannel::new);
    if (a[2].equals("both")) b.resolvedAddressTypes(ResolvedAddressTypes.IPV4_PREFERRED);
    DnsNameResolver resolver = b.build();
    resolver.resolveAll("localhost").sync();
    int gap = Integer.parseInt(a[0]), threads = Integer.parseInt(a[1]);
    Thread[] all = new Thread[threads];
    for (int t = 0; t < threads; t++) {
      final int me = t;
      all[t] = new Thread(() -> {
        for (int i = 3 + me; i < a.length; i += threads) {
          double start = System.currentTimeMillis() / 1e3;
          long tick = System.nanoTime();
          Future<List<InetAddress>> f = resolver.resolveAll(a[i]).awaitUninterruptibly();
          double seconds = (System.nanoTime() - tick) / 1e9;
          String error = f.isSuccess() ? "" : f.cause().getClass().getSimpleName();
          synchronized (System.out) {
            System.out.printf("{\"name\":\"%s\",\"startEpoch\":%.3f,\"endEpoch\":%.6f,\"seconds\":%.6f,\"ok\":%b,\"error\":\"%s\",\"addresses\":%d,\"thread\":%d}%n",
              a[i], start, start + seconds, seconds, f.isSuccess(), error, f.isSuccess() ? f.getNow().size() : 0, me);
          }
          try { Thread.sleep(gap); } catch (InterruptedException e) { return; }
        }
      });
      all[t].start();
    }
    for (Thread t : all) t.join();
    System.exit(0);
  }
}
