// Package cloudmetrics is the client of CloudMetrics: send events in, get exact numbers out.
//
//	client, err := cloudmetrics.New()
//	metrics, err := client.Metrics.Get(ctx, nil)
//	fmt.Println(metrics.Visitors)
//
// What a method is given by name is in package generated/resources, what it gives in generated/models.
package cloudmetrics

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"cloudmetrics.example/go/cloudmetrics/core"
	"cloudmetrics.example/go/cloudmetrics/generated/models"
	"cloudmetrics.example/go/cloudmetrics/generated/resources"
)

// Version is that of the contract that this was made from.
const Version = models.Version

// Client is the API, its resources as fields. Goroutines may share one.
type Client struct {
	*resources.Resources
	core *core.Client
}

// New makes a client. The credential is WithAPIKey, or WithClientCredentials, or else the environment's
// CLOUDMETRICS_API_KEY; the server is WithBaseURL, or the environment's CLOUDMETRICS_BASE_URL, or your own
// machine. It fails with ErrCredentialMissing or an ArgumentError.
func New(options ...Option) (*Client, error) {
	settings := defaults()
	for _, option := range options {
		option(settings)
	}
	made, err := settings.client()
	if err != nil {
		return nil, err
	}
	return &Client{Resources: resources.New(made), core: made}, nil
}

// Request asks for something that this version has no method for, such as GET /v1/new-things, and gives the
// JSON of its answer. A nil body is none.
func (c *Client) Request(
	ctx context.Context, method, path string, query url.Values, body any,
) (json.RawMessage, error) {
	call := core.Call{Method: method, Path: path + querystring(query)}
	if body != nil {
		call.Body = core.Whole
		call.Params = &struct {
			Body any `body:"body"`
		}{body}
	}
	answer, err := core.Ask(ctx, c.core, call)
	return answer, err
}

// Stream asks for Server-Sent Events at a path.
func (c *Client) Stream(path string, query url.Values) *EventStream {
	return core.NewEventStream(c.core, core.Call{Method: http.MethodGet, Path: path + querystring(query)})
}

// Close closes the connections that are idle.
func (c *Client) Close() { c.core.HTTP.CloseIdleConnections() }

// IsTimeout says whether an error means that there was no whole answer in time.
func IsTimeout(err error) bool {
	var broken *ConnectionError
	return errors.As(err, &broken) && broken.Timeout()
}

func querystring(query url.Values) string {
	if len(query) == 0 {
		return ""
	}
	return "?" + query.Encode()
}
