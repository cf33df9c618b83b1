import java.net.InetAddress;
import java.net.UnknownHostException;

/** A caller of InetAddress.getAllByName (libc's getaddrinfo) with a stopwatch: GAP_MS NAME... */
public final class Resolve {
  public static void main(String[] arguments) throws InterruptedException, UnknownHostException {
    // Loads what the first lookup would load, without a packet.
    InetAddress.getAllByName("localhost");
    System.out.printf("%s%n", "warm");
    for (int i = 1; i < arguments.length; i++) {
      double start = System.currentTimeMillis() / 1e3;
      long tick = System.nanoTime();
      String error = "";
      int count = 0;
      try {
        count = InetAddress.getAllByName(arguments[i]).length;
      } catch (UnknownHostException failure) {
        error = "UnknownHostException";
      }
      double seconds = (System.nanoTime() - tick) / 1e9;
      System.out.printf(
          "{\"name\":\"%s\",\"startEpoch\":%.3f,\"endEpoch\":%.6f,\"seconds\":%.6f,\"ok\":%b,\"error\":\"%s\",\"addresses\":%d,\"thread\":0}%n",
          arguments[i], start, start + seconds, seconds, error.isEmpty(), error, count);
      Thread.sleep(Long.parseLong(arguments[0]));
    }
  }
}
