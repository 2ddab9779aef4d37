// Records which hooks of net/http/httptrace Go's own transport runs over HTTP/2, against servers on the loopback
// interface: go run ./scripts/go-http2 > test/fixtures/go-httptrace-http2.json
//
// Written down is what does not change from run to run: no ports, no times, and errors by their kind.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

type call struct {
	Hook string         `json:"hook"`
	Args map[string]any `json:"args,omitempty"`
}

type scenario struct {
	Name     string   `json:"name"`
	About    string   `json:"about"`
	Outcome  []string `json:"outcome"`
	Requests [][]call `json:"requests"`
}

func kind(err error) any {
	var timeout net.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case strings.Contains(err.Error(), "stream error"):
		return "reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "eof"
	}
	return err.Error()
}

func host(hostPort string) string {
	name, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return hostPort
	}
	return name
}

type recorder struct {
	sync.Mutex
	calls []call
}

func (r *recorder) note(hook string, args map[string]any) {
	r.Lock()
	defer r.Unlock()
	r.calls = append(r.calls, call{hook, args})
}

func (r *recorder) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(hostPort string) { r.note("GetConn", map[string]any{"host": host(hostPort)}) },
		GotConn: func(i httptrace.GotConnInfo) {
			r.note("GotConn", map[string]any{"reused": i.Reused, "wasIdle": i.WasIdle, "idleTimePositive": i.IdleTime > 0})
		},
		PutIdleConn:          func(err error) { r.note("PutIdleConn", map[string]any{"err": kind(err)}) },
		GotFirstResponseByte: func() { r.note("GotFirstResponseByte", nil) },
		Got100Continue:       func() { r.note("Got100Continue", nil) },
		Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
			names := []string{}
			for name := range header {
				names = append(names, strings.ToLower(name))
			}
			sort.Strings(names)
			r.note("Got1xxResponse", map[string]any{"code": code, "headers": names})
			return nil
		},
		DNSStart: func(i httptrace.DNSStartInfo) { r.note("DNSStart", map[string]any{"host": i.Host}) },
		DNSDone: func(i httptrace.DNSDoneInfo) {
			r.note("DNSDone", map[string]any{"hasAddrs": len(i.Addrs) > 0, "err": kind(i.Err)})
		},
		ConnectStart: func(network, addr string) {
			r.note("ConnectStart", map[string]any{"network": network, "addr": host(addr)})
		},
		ConnectDone: func(network, addr string, err error) {
			r.note("ConnectDone", map[string]any{"network": network, "addr": host(addr), "err": kind(err)})
		},
		TLSHandshakeStart: func() { r.note("TLSHandshakeStart", nil) },
		TLSHandshakeDone: func(s tls.ConnectionState, err error) {
			r.note("TLSHandshakeDone", map[string]any{"alpn": s.NegotiatedProtocol, "err": kind(err)})
		},
		WroteHeaderField: func(key string, _ []string) { r.note("WroteHeaderField", map[string]any{"key": key}) },
		WroteHeaders:     func() { r.note("WroteHeaders", nil) },
		Wait100Continue:  func() { r.note("Wait100Continue", nil) },
		WroteRequest: func(i httptrace.WroteRequestInfo) {
			r.note("WroteRequest", map[string]any{"err": kind(i.Err)})
		},
	}
}

func client(clear bool) *http.Client {
	transport := &http.Transport{
		TLSClientConfig:       &tls.Config{InsecureSkipVerify: true},
		ForceAttemptHTTP2:     true,
		ExpectContinueTimeout: 5 * time.Second,
	}
	if clear {
		transport.Protocols = new(http.Protocols)
		transport.Protocols.SetUnencryptedHTTP2(true)
	}
	return &http.Client{Transport: transport}
}

func serve(clear bool, handler http.HandlerFunc) (*httptest.Server, string) {
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = nil
	if clear {
		server.Config.Protocols = new(http.Protocols)
		server.Config.Protocols.SetUnencryptedHTTP2(true)
		server.Start()
	} else {
		server.EnableHTTP2 = true
		server.StartTLS()
	}
	return server, server.URL
}

type request struct {
	method string
	url    string
	body   string
	header http.Header
	ctx    context.Context
}

func (r *recorder) ask(c *http.Client, asked request) string {
	if asked.ctx == nil {
		asked.ctx = context.Background()
	}
	if asked.method == "" {
		asked.method = http.MethodGet
	}
	var body io.Reader
	if asked.body != "" {
		body = bytes.NewBufferString(asked.body)
	}
	made, err := http.NewRequestWithContext(httptrace.WithClientTrace(asked.ctx, r.trace()), asked.method, asked.url, body)
	if err != nil {
		panic(err)
	}
	for name, values := range asked.header {
		made.Header[name] = values
	}
	response, err := c.Do(made)
	if err != nil {
		return "error: " + kind(err).(string)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return "error: " + kind(err).(string)
	}
	// What is told by other goroutines of the transport.
	time.Sleep(30 * time.Millisecond)
	return strconv.Itoa(response.StatusCode)
}

var ok = func(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	// Else another goroutine may tell of the response before the request is told to be written.
	time.Sleep(10 * time.Millisecond)
	io.WriteString(w, "ok")
}

func one(name, about string, clear bool, handler http.HandlerFunc, asked request) scenario {
	server, url := serve(clear, handler)
	defer server.Close()
	asked.url = url
	r := &recorder{}
	outcome := r.ask(client(clear), asked)
	time.Sleep(30 * time.Millisecond)
	return scenario{name, about, []string{outcome}, [][]call{r.calls}}
}

func twice(name, about string, clear bool) scenario {
	server, url := serve(clear, ok)
	defer server.Close()
	c := client(clear)
	result := scenario{Name: name, About: about}
	for range 2 {
		r := &recorder{}
		result.Outcome = append(result.Outcome, r.ask(c, request{url: url}))
		result.Requests = append(result.Requests, r.calls)
	}
	return result
}

func beside() scenario {
	arrived, release := make(chan bool), make(chan bool)
	server, url := serve(false, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/first" {
			close(arrived)
			<-release
		}
		io.WriteString(w, "ok")
	})
	defer server.Close()
	c := client(false)
	first, second := &recorder{}, &recorder{}
	done := make(chan string)
	go func() { done <- first.ask(c, request{url: url + "/first"}) }()
	<-arrived
	late := second.ask(c, request{url: url + "/second"})
	close(release)
	early := <-done
	return scenario{
		"h2-beside-another", "a second request while the first waits for its response, on the same connection",
		[]string{early, late}, [][]call{first.calls, second.calls},
	}
}

func refused() scenario {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	url := "https://" + listener.Addr().String()
	listener.Close()
	r := &recorder{}
	outcome := r.ask(client(false), request{url: url})
	return scenario{"h2-connection-refused", "nothing listens on the port", []string{outcome}, [][]call{r.calls}}
}

func canceled() scenario {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	return one("h2-canceled-waiting", "the caller gives up while the server is silent", false,
		func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, request{ctx: ctx})
}

func main() {
	hints := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Del("Link")
		io.WriteString(w, "ok")
	}
	scenarios := []scenario{
		twice("h2-twice", "HTTP/2 over TLS by IP address, twice", false),
		twice("h2c-twice", "HTTP/2 in clear, with prior knowledge, twice", true),
		one("h2-post-body", "POST with a body of known length", false, ok, request{method: http.MethodPost, body: "hello"}),
		one("h2-expect-continue", "Expect: 100-continue, and the server says 100", false, ok,
			request{method: http.MethodPost, body: "hello", header: http.Header{"Expect": {"100-continue"}}}),
		one("h2-early-hints", "103 Early Hints with a Link header, then 200", false, hints, request{}),
		one("h2-no-content", "204, which has no body", false,
			func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, request{}),
		one("h2-head", "HEAD", false, ok, request{method: http.MethodHead}),
		one("h2-reset-before-response", "the server reads the request and resets the stream", false,
			func(_ http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }, request{}),
		one("h2-reset-in-body", "the server resets the stream after a part of the body", false,
			func(w http.ResponseWriter, _ *http.Request) {
				io.WriteString(w, "half")
				w.(http.Flusher).Flush()
				time.Sleep(20 * time.Millisecond)
				panic(http.ErrAbortHandler)
			}, request{}),
		canceled(),
		beside(),
		refused(),
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(scenarios); err != nil {
		panic(err)
	}
}
