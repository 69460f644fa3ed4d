package core

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// answer is what came back. stream is its open body where that was left unread.
type answer struct {
	status int
	header http.Header
	body   []byte
	stream io.ReadCloser
}

func (a *answer) invalid(what string) error {
	media := orElse(a.header.Get("Content-Type"), "no type")
	return &InvalidAnswerError{
		Status:  a.status,
		TraceID: traceID(a.header),
		Message: fmt.Sprintf("the answer %d (%s) is %s", a.status, media, what),
	}
}

// once is a body that cannot be had again, so that net/http sends nothing twice by itself: how often a
// request is sent is for the caller to say.
type once struct{ *bytes.Reader }

func (once) Close() error { return nil }

var errLate = errors.New("the time for it is over")

// attempt sends a request once. All of it has to be there in time; of a stream, its beginning.
func (c *Client) attempt(ctx context.Context, call *prepared, header http.Header, stream bool) (*answer, error) {
	within, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(c.Timeout, func() { cancel(errLate) })
	request, err := http.NewRequestWithContext(within, call.method, c.BaseURL+call.target(), nil)
	if err != nil {
		cancel(nil)
		return nil, &ArgumentError{Message: err.Error()}
	}
	request.Header = header
	request.Body = once{bytes.NewReader(call.body)}
	request.ContentLength = int64(len(call.body))
	response, err := c.HTTP.Do(request)
	if err != nil {
		defer cancel(nil)
		return nil, failure(ctx, within, err)
	}
	body := &body{ReadCloser: response.Body, outer: ctx, within: within, cancel: cancel}
	made := &answer{status: response.StatusCode, header: response.Header}
	if stream && made.status < http.StatusMultipleChoices {
		timer.Stop()
		made.stream = body
		return made, nil
	}
	defer body.Close()
	made.body, err = io.ReadAll(body)
	timer.Stop()
	return made, err
}

// body is the body of an answer, whose errors are ours.
type body struct {
	io.ReadCloser
	outer, within context.Context
	cancel        context.CancelCauseFunc
}

func (b *body) Read(into []byte) (int, error) {
	count, err := b.ReadCloser.Read(into)
	if err != nil && err != io.EOF {
		err = failure(b.outer, b.within, err)
	}
	return count, err
}

func (b *body) Close() error {
	b.cancel(nil)
	return b.ReadCloser.Close()
}

// failure says what went wrong on the way: the caller's own context, the timeout, or the connection.
func failure(outer, within context.Context, err error) error {
	if outer.Err() != nil {
		return fmt.Errorf("cloudmetrics: %w", outer.Err())
	}
	if errors.Is(context.Cause(within), errLate) {
		return &ConnectionError{Err: errLate, Sent: true, late: true}
	}
	var dialing *net.OpError
	sent := !(errors.As(err, &dialing) && dialing.Op == "dial")
	return &ConnectionError{Err: err, Sent: sent}
}
