// Go's client and server, one case a run: prints what they know of their connections and calls.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"runtime"
	"strings"
	"time"
)

type connection struct {
	Port              int      `json:"port"`
	ServerName        string   `json:"serverName"`
	Version           string   `json:"version"`
	Cipher            string   `json:"cipher"`
	Alpn              *string  `json:"alpn"`
	Resumed           bool     `json:"resumed"`
	Retried           bool     `json:"retried"`
	ClientCertificate bool     `json:"clientCertificate"`
	HandshakeSeconds  float64  `json:"handshakeSeconds"`
	Alerts            []string `json:"alerts"`
}

type exchange struct {
	Method    string  `json:"method"`
	Path      string  `json:"path"`
	Status    int     `json:"status"`
	BodyBytes int64   `json:"bodyBytes"`
	Seconds   float64 `json:"seconds"`
}

const name = "orders.shop.example"

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func answer(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	switch {
	case r.URL.Path == "/missing":
		w.WriteHeader(404)
	case r.Method == "POST":
		w.WriteHeader(201)
	case r.URL.Path == "/large":
		w.Write(bytes.Repeat([]byte("x"), 30000))
	default:
		w.Write(bytes.Repeat([]byte("o"), 500))
	}
}

func main() {
	which := os.Args[1]
	work := os.Getenv("WORK")
	keys := must(os.Create(work + "/keys"))
	server := &http.Server{Handler: http.HandlerFunc(answer)}
	pair := must(tls.LoadX509KeyPair(work+"/server.crt", work+"/server.key"))
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(must(os.ReadFile(work + "/authority.crt")))
	protocols := []string{"http/1.1"}
	if which == "go-http2" {
		protocols = []string{"h2", "http/1.1"}
	}
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: protocols}
	client := &tls.Config{RootCAs: roots, ServerName: name, KeyLogWriter: keys, ClientSessionCache: tls.NewLRUClientSessionCache(8), NextProtos: protocols}
	if which == "go-tls12" {
		client.MaxVersion = tls.VersionTLS12
	}
	listener := must(net.Listen("tcp", "127.0.0.1:8443"))
	go server.ServeTLS(listener, "", "")

	var connections []*connection
	var exchanges []exchange
	count := 1
	if which == "go-resumed" {
		count = 3
	}
	for range count {
		transport := &http.Transport{TLSClientConfig: client, ForceAttemptHTTP2: which == "go-http2", DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:8443")
		}}
		var began time.Time
		current := &connection{ServerName: name, Alerts: []string{}}
		trace := &httptrace.ClientTrace{
			ConnectDone:       func(_, _ string, _ error) {},
			TLSHandshakeStart: func() { began = time.Now() },
			TLSHandshakeDone: func(state tls.ConnectionState, err error) {
				current.HandshakeSeconds = time.Since(began).Seconds()
				current.Version = strings.TrimPrefix(tls.VersionName(state.Version), "TLS ")
				current.Cipher = tls.CipherSuiteName(state.CipherSuite)
				current.Resumed = state.DidResume
				if state.NegotiatedProtocol != "" {
					current.Alpn = &state.NegotiatedProtocol
				}
			},
			GotConn: func(info httptrace.GotConnInfo) { current.Port = info.Conn.LocalAddr().(*net.TCPAddr).Port },
		}
		connections = append(connections, current)
		calls := [][2]string{{"GET", "/orders"}, {"POST", "/orders"}, {"GET", "/large"}, {"GET", "/missing"}}
		if count > 1 {
			calls = calls[:2]
		}
		for _, call := range calls {
			start := time.Now()
			var body io.Reader
			if call[0] == "POST" {
				body = bytes.NewReader(bytes.Repeat([]byte("p"), 3000))
			}
			request := must(http.NewRequest(call[0], "https://"+name+":8443"+call[1], body))
			request = request.WithContext(httptrace.WithClientTrace(request.Context(), trace))
			response := must(transport.RoundTrip(request))
			size := must(io.Copy(io.Discard, response.Body))
			response.Body.Close()
			exchanges = append(exchanges, exchange{call[0], call[1], response.StatusCode, size, time.Since(start).Seconds()})
		}
		transport.CloseIdleConnections()
		time.Sleep(100 * time.Millisecond)
	}
	truth := map[string]any{"by": runtime.Version(), "port": 8443, "connections": connections, "exchanges": exchanges}
	fmt.Println(string(must(json.MarshalIndent(truth, "", " "))))
}
