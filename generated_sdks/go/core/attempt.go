package core

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
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

// mostRoom is the largest buffer that is made before anything has come.
const mostRoom = 1 << 20

var errLate = errors.New("the time for it is over")

// attempt sends a request once. All of it has to be there in time; of a stream, its beginning.
func (c *Client) attempt(ctx context.Context, call *prepared, stream bool) (*answer, error) {
	within, cancel := context.WithCancelCause(ctx)
	request, err := http.NewRequestWithContext(within, call.method, c.BaseURL+call.target(), bytes.NewReader(call.body))
	if err != nil {
		cancel(nil)
		return nil, &ArgumentError{Message: err.Error()}
	}
	inTime := c.Deadlines.begin(c.Timeout, func() { cancel(fmt.Errorf("%w: %v", errLate, c.Timeout)) })
	request.Header = call.header
	response, err := c.HTTP.Do(request)
	if err != nil {
		inTime()
		defer cancel(nil)
		return nil, failure(ctx, within, err)
	}
	body := &body{ReadCloser: response.Body, outer: ctx, within: within, cancel: cancel}
	made := &answer{status: response.StatusCode, header: response.Header}
	if stream && made.status < http.StatusMultipleChoices {
		inTime()
		made.stream = body
		return made, nil
	}
	defer body.Close()
	made.body, err = readAll(body, response.ContentLength)
	inTime()
	return made, err
}

// readAll reads a body into a buffer that has room for all of it, where its length is told and no lie.
func readAll(body io.Reader, length int64) ([]byte, error) {
	var into bytes.Buffer
	if length > 0 && length < mostRoom {
		into.Grow(int(length) + bytes.MinRead)
	}
	_, err := into.ReadFrom(body)
	return into.Bytes(), err
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
	if cause := context.Cause(within); errors.Is(cause, errLate) {
		return &ConnectionError{Err: cause, Sent: true, late: true}
	}
	var dialing *net.OpError
	sent := !(errors.As(err, &dialing) && dialing.Op == "dial")
	return &ConnectionError{Err: err, Sent: sent}
}
