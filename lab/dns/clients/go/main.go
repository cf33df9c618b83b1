// A caller of Go's own resolver with a stopwatch (build with CGO_ENABLED=0).
//
//	goresolver [-g gap-milliseconds] [-t goroutines] NAME...
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"net"
	"os"
	"sync"
	"time"
)

type line struct {
	Name       string  `json:"name"`
	StartEpoch float64 `json:"startEpoch"`
	EndEpoch   float64 `json:"endEpoch"`
	Seconds    float64 `json:"seconds"`
	OK         bool    `json:"ok"`
	Error      string  `json:"error"`
	Addresses  int     `json:"addresses"`
	Thread     int     `json:"thread"`
}

func epoch(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

func main() {
	gap := flag.Int("g", 20, "milliseconds between lookups")
	routines := flag.Int("t", 1, "goroutines")
	flag.Parse()
	names := flag.Args()
	resolver := &net.Resolver{PreferGo: true}
	var group sync.WaitGroup
	var lock sync.Mutex
	output := json.NewEncoder(os.Stdout)
	for routine := 0; routine < *routines; routine++ {
		group.Add(1)
		go func(routine int) {
			defer group.Done()
			for i := routine; i < len(names); i += *routines {
				start := time.Now()
				addresses, err := resolver.LookupIPAddr(context.Background(), names[i])
				seconds := time.Since(start).Seconds()
				end := time.Now()
				result := line{names[i], epoch(start), epoch(end), seconds, err == nil, "", len(addresses), routine}
				var failure *net.DNSError
				if errors.As(err, &failure) {
					result.Error = failure.Err
				} else if err != nil {
					result.Error = err.Error()
				}
				lock.Lock()
				_ = output.Encode(result)
				lock.Unlock()
				time.Sleep(time.Duration(*gap) * time.Millisecond)
			}
		}(routine)
	}
	group.Wait()
}
