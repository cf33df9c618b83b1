package main

// The server of the lab: HTTP/1.1, HTTPS, h2c gRPC, or raw writes, each request logged with its times.

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

type serverFlags struct {
	kind, listen, cert, key                string
	ms, jitter, slowMs, slowEvery          int
	size, bigSize, bigEvery                int
	parts, partMs                          int
	failEvery, failStatus, failRun, retryS int
	handshakeMs, maxAgeMs, atOnce          int
	idleMs                                 int
	noReuse, noTickets                     bool
}

var served atomic.Int64

// Each n-th request from the n-th on; 0 never. `run` makes several in a row.
func nth(i int64, every, run int) bool {
	if every <= 0 {
		return false
	}
	if run < 1 {
		run = 1
	}
	return i%int64(every) >= int64(every-run)
}

func (f *serverFlags) think(i int64) time.Duration {
	ms := float64(f.ms)
	if f.jitter > 0 {
		ms += rand.Float64() * float64(f.jitter)
	}
	if nth(i, f.slowEvery, 1) {
		ms += float64(f.slowMs)
	}
	return time.Duration(ms * float64(time.Millisecond))
}

func (f *serverFlags) serveHTTP(w http.ResponseWriter, r *http.Request) {
	i := served.Add(1) - 1
	if i2 := r.Header.Get("X-Lab-Call"); i2 != "" {
		if n, err := strconv.ParseInt(i2, 10, 64); err == nil {
			i = n
		}
	}
	io.Copy(io.Discard, r.Body)
	time.Sleep(f.think(i))
	if nth(served.Load(), f.failEvery, f.failRun) {
		if f.retryS > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(f.retryS))
		}
		w.WriteHeader(f.failStatus)
		return
	}
	size := f.size
	if nth(i, f.bigEvery, 1) {
		size = f.bigSize
	}
	body := []byte(strings.Repeat("x", size))
	w.Header().Set("Content-Length", strconv.Itoa(size))
	for p := 0; p < f.parts; p++ {
		w.Write(body[p*size/f.parts : (p+1)*size/f.parts])
		if p+1 < f.parts {
			w.(http.Flusher).Flush()
			time.Sleep(time.Duration(f.partMs) * time.Millisecond)
		}
	}
}

type raw struct{ data []byte }
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) { return v.(*raw).data, nil }
func (rawCodec) Unmarshal(d []byte, v any) error {
	v.(*raw).data = append([]byte(nil), d...)
	return nil
}
func (rawCodec) Name() string { return "proto" }

func (f *serverFlags) serveGRPC(listener net.Listener) error {
	slots := make(chan struct{}, 1<<20)
	if f.atOnce > 0 {
		slots = make(chan struct{}, f.atOnce)
	}
	options := []grpc.ServerOption{
		grpc.ForceServerCodec(rawCodec{}),
		grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
			i := served.Add(1) - 1
			var in raw
			if err := stream.RecvMsg(&in); err != nil {
				return err
			}
			if n, err := strconv.ParseInt(string(in.data), 10, 64); err == nil {
				i = n
			}
			slots <- struct{}{}
			defer func() { <-slots }()
			if nth(served.Load(), f.failEvery, f.failRun) {
				return status.Error(codes.Unavailable, "not now")
			}
			timer := time.NewTimer(f.think(i))
			select {
			case <-timer.C:
			case <-stream.Context().Done():
				return stream.Context().Err()
			}
			for p := 0; p < f.parts; p++ {
				if err := stream.SendMsg(&raw{[]byte(strings.Repeat("x", f.size))}); err != nil {
					return err
				}
				if p+1 < f.parts {
					time.Sleep(time.Duration(f.partMs) * time.Millisecond)
				}
			}
			return nil
		}),
	}
	if f.maxAgeMs > 0 {
		options = append(options, grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionAge: time.Duration(f.maxAgeMs) * time.Millisecond, MaxConnectionAgeGrace: 5 * time.Second}))
	}
	return grpc.NewServer(options...).Serve(listener)
}

// Two small writes without TCP_NODELAY: Nagle holds the second until the first is acknowledged.
func (f *serverFlags) serveTwoWrites(listener net.Listener) error {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		connection.(*net.TCPConn).SetNoDelay(false)
		go func() {
			defer connection.Close()
			buffer := make([]byte, 65536)
			for {
				got := 0
				for !strings.Contains(string(buffer[:got]), "\r\n\r\n") {
					n, err := connection.Read(buffer[got:])
					if err != nil {
						return
					}
					got += n
				}
				time.Sleep(f.think(served.Add(1) - 1))
				fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", f.size)
				connection.Write([]byte(strings.Repeat("x", f.size)))
			}
		}()
	}
}

func serve(arguments []string) {
	f := &serverFlags{}
	set := flag.NewFlagSet("serve", flag.ExitOnError)
	set.StringVar(&f.kind, "kind", "http", "http, https, grpc or two-writes")
	set.StringVar(&f.listen, "listen", ":8080", "")
	set.StringVar(&f.cert, "cert", "", "")
	set.StringVar(&f.key, "key", "", "")
	for name, value := range map[string]*int{"ms": &f.ms, "jitter": &f.jitter, "slow-ms": &f.slowMs, "slow-every": &f.slowEvery,
		"size": &f.size, "big-size": &f.bigSize, "big-every": &f.bigEvery, "parts": &f.parts, "part-ms": &f.partMs,
		"fail-every": &f.failEvery, "fail-status": &f.failStatus, "fail-run": &f.failRun, "retry-s": &f.retryS,
		"handshake-ms": &f.handshakeMs, "max-age-ms": &f.maxAgeMs, "at-once": &f.atOnce, "idle-ms": &f.idleMs} {
		set.IntVar(value, name, *value, "")
	}
	set.BoolVar(&f.noReuse, "no-reuse", false, "")
	set.BoolVar(&f.noTickets, "no-tickets", false, "")
	set.Parse(arguments)
	if f.parts < 1 {
		f.parts = 1
	}
	if f.failStatus == 0 {
		f.failStatus = 503
	}
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		panic(err)
	}
	switch f.kind {
	case "grpc":
		panic(f.serveGRPC(listener))
	case "two-writes":
		panic(f.serveTwoWrites(listener))
	}
	server := &http.Server{Handler: http.HandlerFunc(f.serveHTTP), IdleTimeout: time.Duration(f.idleMs) * time.Millisecond}
	server.SetKeepAlivesEnabled(!f.noReuse)
	if f.kind == "https" {
		server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
		server.TLSConfig = &tls.Config{SessionTicketsDisabled: f.noTickets,
			GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
				time.Sleep(time.Duration(f.handshakeMs) * time.Millisecond)
				return nil, nil
			}}
		panic(server.ServeTLS(listener, f.cert, f.key))
	}
	panic(server.Serve(listener))
}

var lock sync.Mutex

func log(record map[string]any) {
	line, _ := json.Marshal(record)
	lock.Lock()
	defer lock.Unlock()
	os.Stdout.Write(append(line, '\n'))
}

func seconds(at time.Time) float64 { return float64(at.UnixNano()) / 1e9 }

func main() {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		serve(os.Args[2:])
	} else {
		call(context.Background(), os.Args[2:])
	}
}
