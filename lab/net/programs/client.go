package main

// The client of the lab: calls in a row by several callers, each try logged by its own stopwatch.

import (
	"context"
	"crypto/tls"
	"flag"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

type clientFlags struct {
	kind, target, paths, config          string
	n, callers, gapMs, timeoutMs, idleMs int
	pauseEvery, pauseMs, size            int
	retries, backoffMs                   int
	keepaliveMs, longMs, perHost         int
	noReuse, noTickets, honour           bool
}

func (f *clientFlags) http() func(i, try int, path string) map[string]any {
	transport := &http.Transport{DisableKeepAlives: f.noReuse, MaxIdleConnsPerHost: 100, MaxConnsPerHost: f.perHost,
		IdleConnTimeout: time.Duration(f.idleMs) * time.Millisecond,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	if !f.noTickets {
		transport.TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(10)
	}
	transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	client := &http.Client{Transport: transport, Timeout: time.Duration(f.timeoutMs) * time.Millisecond}
	return func(i, try int, path string) map[string]any {
		record := map[string]any{}
		var connectStart, tlsStart, wrote time.Time
		var mutex sync.Mutex
		put := func(key string, value any) {
			mutex.Lock()
			defer mutex.Unlock()
			record[key] = value
		}
		trace := &httptrace.ClientTrace{
			ConnectStart:         func(_, _ string) { connectStart = time.Now() },
			ConnectDone:          func(_, _ string, _ error) { put("connect", time.Since(connectStart).Seconds()) },
			TLSHandshakeStart:    func() { tlsStart = time.Now() },
			TLSHandshakeDone:     func(tls.ConnectionState, error) { put("tls", time.Since(tlsStart).Seconds()) },
			GotConn:              func(c httptrace.GotConnInfo) { put("reused", c.Reused) },
			WroteRequest:         func(httptrace.WroteRequestInfo) { wrote = time.Now() },
			GotFirstResponseByte: func() { put("wait", time.Since(wrote).Seconds()) },
		}
		method, body := "GET", io.Reader(nil)
		if f.size > 0 {
			method, body = "POST", strings.NewReader(strings.Repeat("y", f.size))
		}
		request, _ := http.NewRequestWithContext(httptrace.WithClientTrace(context.Background(), trace), method, f.target+path, body)
		request.Header.Set("X-Lab-Call", strconv.Itoa(i))
		response, err := client.Do(request)
		if err != nil {
			put("err", err.Error())
			return record
		}
		n, err := io.Copy(io.Discard, response.Body)
		response.Body.Close()
		put("status", response.StatusCode)
		put("bytes", n)
		if after := response.Header.Get("Retry-After"); after != "" && f.honour {
			put("retryAfter", after)
		}
		if err != nil {
			put("err", err.Error())
		}
		return record
	}
}

func (f *clientFlags) grpc() func(i, try int, path string) map[string]any {
	options := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{})), grpc.WithDisableServiceConfig()}
	if f.config != "" {
		options = append(options, grpc.WithDefaultServiceConfig(f.config))
	}
	if f.keepaliveMs > 0 {
		options = append(options, grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: time.Duration(f.keepaliveMs) * time.Millisecond, Timeout: 20 * time.Second, PermitWithoutStream: true}))
	}
	channel, err := grpc.NewClient(f.target, options...)
	if err != nil {
		panic(err)
	}
	return func(i, try int, path string) map[string]any {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(f.timeoutMs)*time.Millisecond)
		defer cancel()
		var out raw
		err := channel.Invoke(ctx, path, &raw{[]byte(strconv.Itoa(i))}, &out)
		record := map[string]any{"status": int(status.Code(err)), "bytes": len(out.data)}
		if err != nil {
			record["err"] = status.Convert(err).Message()
		}
		return record
	}
}

func call(_ context.Context, arguments []string) {
	f := &clientFlags{}
	set := flag.NewFlagSet("call", flag.ExitOnError)
	set.StringVar(&f.kind, "kind", "http", "http or grpc")
	set.StringVar(&f.target, "target", "http://10.96.7.7:8080", "")
	set.StringVar(&f.paths, "paths", "/items", "in turn, with commas")
	set.StringVar(&f.config, "config", "", "gRPC service configuration")
	for name, value := range map[string]*int{"n": &f.n, "callers": &f.callers, "gap-ms": &f.gapMs, "timeout-ms": &f.timeoutMs,
		"idle-ms": &f.idleMs, "pause-every": &f.pauseEvery, "pause-ms": &f.pauseMs, "size": &f.size, "retries": &f.retries,
		"backoff-ms": &f.backoffMs, "keepalive-ms": &f.keepaliveMs, "long-ms": &f.longMs, "per-host": &f.perHost} {
		set.IntVar(value, name, *value, "")
	}
	set.BoolVar(&f.noReuse, "no-reuse", false, "")
	set.BoolVar(&f.noTickets, "no-tickets", false, "")
	set.BoolVar(&f.honour, "honour", false, "Retry-After")
	set.Parse(arguments)
	if f.callers < 1 {
		f.callers = 1
	}
	if f.timeoutMs == 0 {
		f.timeoutMs = 30000
	}
	do := f.http()
	if f.kind == "grpc" {
		do = f.grpc()
	}
	paths := strings.Split(f.paths, ",")
	var next atomic.Int64
	var group sync.WaitGroup
	for c := 0; c < f.callers; c++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for {
				i := int(next.Add(1) - 1)
				if i >= f.n {
					return
				}
				path := paths[i%len(paths)]
				for try := 0; ; try++ {
					start := time.Now()
					record := do(i, try, path)
					end := time.Now()
					record["i"], record["try"], record["path"] = i, try, path
					record["start"], record["end"] = seconds(start), seconds(end)
					log(record)
					code, _ := record["status"].(int)
					failed := record["err"] != nil || f.kind != "grpc" && (code == 429 || code >= 500)
					if !failed || try >= f.retries {
						break
					}
					pause := time.Duration(f.backoffMs<<try) * time.Millisecond
					if after, ok := record["retryAfter"].(string); ok {
						n, _ := strconv.Atoi(after)
						pause = time.Duration(n) * time.Second
					}
					time.Sleep(pause)
				}
				time.Sleep(time.Duration(f.gapMs) * time.Millisecond)
				if f.pauseEvery > 0 && i%f.pauseEvery == f.pauseEvery-1 {
					time.Sleep(time.Duration(f.pauseMs) * time.Millisecond)
				}
			}
		}()
	}
	group.Wait()
}

