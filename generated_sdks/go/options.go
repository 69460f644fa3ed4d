package cloudmetrics

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"time"

	"cloudmetrics.example/go/cloudmetrics/core"
)

const defaultBaseURL = "http://127.0.0.1:8080"

// Option is something that New is told.
type Option func(*settings)

type settings struct {
	apiKey       string
	clientID     string
	clientSecret string
	scopes       []string
	baseURL      string
	timeout      time.Duration
	maxRetries   int
	retryDelay   time.Duration
	header       http.Header
	http         *http.Client
}

func defaults() *settings {
	agent := fmt.Sprintf("cloudmetrics-go/%s (%s)", Version, runtime.Version())
	return &settings{
		timeout:    30 * time.Second,
		maxRetries: 2,
		retryDelay: 500 * time.Millisecond,
		header:     http.Header{"User-Agent": {agent}},
	}
}

// WithAPIKey is the key to come in with. It wins over everything else.
func WithAPIKey(key string) Option { return func(s *settings) { s.apiKey = key } }

// WithClientCredentials is an OAuth 2 client to come in as. Access tokens are got and renewed by themselves,
// with the scopes that are given, or all that the client has.
func WithClientCredentials(id, secret string, scopes ...string) Option {
	return func(s *settings) { s.clientID, s.clientSecret, s.scopes = id, secret, scopes }
}

// WithBaseURL is the address of the server, without /v1.
func WithBaseURL(address string) Option { return func(s *settings) { s.baseURL = address } }

// WithTimeout is the time for each attempt as a whole, 30 s unless told.
func WithTimeout(timeout time.Duration) Option { return func(s *settings) { s.timeout = timeout } }

// WithMaxRetries is how often a call that failed in passing is sent again where that is safe, 2 unless told.
func WithMaxRetries(count int) Option { return func(s *settings) { s.maxRetries = count } }

// WithRetryDelay bounds the random pause before the first retry, 0.5 s unless told; it doubles each time.
func WithRetryDelay(delay time.Duration) Option { return func(s *settings) { s.retryDelay = delay } }

// WithHeader is a header that goes along with every call.
func WithHeader(name, value string) Option { return func(s *settings) { s.header.Set(name, value) } }

// WithHTTPClient is for proxies and certificates of your own. Redirects are not followed, whatever it says,
// since the credential would go along.
func WithHTTPClient(client *http.Client) Option { return func(s *settings) { s.http = client } }

func (s *settings) client() (*core.Client, error) {
	credential, err := s.credential()
	if err != nil {
		return nil, err
	}
	address, err := s.address()
	if err != nil {
		return nil, err
	}
	return &core.Client{
		HTTP:       withoutRedirects(s.http),
		BaseURL:    address,
		Credential: credential,
		Timeout:    s.timeout,
		Deadlines:  &core.Deadlines{},
		MaxRetries: max(0, s.maxRetries),
		RetryDelay: max(0, s.retryDelay),
		Header:     s.header,
	}, nil
}

func (s *settings) credential() (core.Credential, error) {
	if s.apiKey == "" && s.clientID != "" && s.clientSecret != "" {
		return core.NewClientCredentials(s.clientID, s.clientSecret, s.scopes), nil
	}
	key := s.apiKey
	if key == "" {
		key = os.Getenv("CLOUDMETRICS_API_KEY")
	}
	if strings.TrimSpace(key) == "" {
		return nil, ErrCredentialMissing
	}
	return core.NewAPIKey(key)
}

func (s *settings) address() (string, error) {
	address := s.baseURL
	if address == "" {
		address = os.Getenv("CLOUDMETRICS_BASE_URL")
	}
	if address == "" {
		address = defaultBaseURL
	}
	parts, err := url.Parse(address)
	if err != nil || (parts.Scheme != "http" && parts.Scheme != "https") || parts.Host == "" ||
		parts.RawQuery != "" || parts.Fragment != "" {
		message := fmt.Sprintf("the base URL is the address of a server, such as %s, not %q", defaultBaseURL, address)
		return "", &ArgumentError{Message: message}
	}
	address = strings.TrimRight(address, "/")
	if strings.HasSuffix(address, "/v1") {
		return "", &ArgumentError{Message: fmt.Sprintf("the base URL goes without /v1: %q", address)}
	}
	return address, nil
}

// withoutRedirects is a client of ours like the one that was given.
func withoutRedirects(given *http.Client) *http.Client {
	made := http.Client{}
	if given != nil {
		made = *given
	}
	if made.Transport == nil {
		made.Transport = transport()
	}
	made.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &made
}

// transport keeps more connections to the one server than the usual two.
func transport() http.RoundTripper {
	usual, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	own := usual.Clone()
	own.MaxIdleConnsPerHost = own.MaxIdleConns
	return own
}
