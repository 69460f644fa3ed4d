// Package core sends calls: authorized, within their time, again where that is safe, and read into types.
//
// It is what package cloudmetrics and the generated resources have in common. Programs use its types by
// their names in package cloudmetrics.
package core

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	longestPause = 8 * time.Second
	// Longer than this nobody waits unasked: the error says how long it would have been.
	longestRetryAfter = time.Minute
)

// Client is how calls are sent. Goroutines may share one. It is not changed once it is in use.
type Client struct {
	HTTP       *http.Client
	BaseURL    string
	Credential Credential
	// Timeout is for each attempt as a whole.
	Timeout    time.Duration
	Deadlines  *Deadlines
	MaxRetries int
	// RetryDelay bounds the pause before the first retry; the bound doubles each time.
	RetryDelay time.Duration
	Header     http.Header
}

// send goes from a call to a good answer, whose body is left open where it is a stream.
func (c *Client) send(ctx context.Context, call *prepared, stream bool) (*answer, error) {
	name, value, err := c.Credential.header(ctx, c, "")
	if err != nil {
		return nil, err
	}
	for key, values := range c.Header {
		if _, given := call.header[key]; !given {
			call.header[key] = values
		}
	}
	replaced := false
	for retry := 0; ; {
		call.header[name] = []string{value}
		answer, err := c.attempt(ctx, call, stream)
		if err == nil && answer.status < http.StatusMultipleChoices {
			observe(ctx, answer)
			return answer, nil
		}
		if err == nil {
			err = fromAnswer(answer)
		}
		if !replaced && isStatus(err, http.StatusUnauthorized) {
			// A token may have ended early. Another one, if there is another one, is tried once.
			replaced = true
			last := value
			if name, value, err = c.replaced(ctx, last, err); err != nil {
				return nil, err
			}
			continue
		}
		pause, passes := c.pauseAfter(err, retry, call.mayRepeat)
		if conflict := inUse(call, err); !passes && (!conflict || retry >= c.MaxRetries) {
			return nil, err
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, err
		}
		retry++
	}
}

// replaced is another credential than the one that was refused; where there is none, the refusal stands.
func (c *Client) replaced(ctx context.Context, last string, refusal error) (string, string, error) {
	name, value, err := c.Credential.header(ctx, c, last)
	if err == nil && value == last {
		err = refusal
	}
	return name, value, err
}

// pauseAfter says whether the same request may do better later and may be sent again, and when.
func (c *Client) pauseAfter(err error, retry int, mayRepeat bool) (time.Duration, bool) {
	pause := c.jitter(retry)
	var problem *APIError
	var broken *ConnectionError
	switch {
	case errors.As(err, &broken):
		return pause, retry < c.MaxRetries && (mayRepeat || !broken.Sent)
	case !errors.As(err, &problem):
		return 0, false
	}
	if problem.HasRetryAfter {
		pause = problem.RetryAfter
	}
	if retry >= c.MaxRetries || pause > longestRetryAfter {
		return pause, false
	}
	switch {
	case problem.Status == http.StatusRequestTimeout, problem.Status == http.StatusTooManyRequests:
		// These were not carried out, so even a call that must not run twice may be sent again.
		return pause, true
	default:
		return pause, mayRepeat && problem.Status >= http.StatusInternalServerError
	}
}

// inUse says that the same call, with the same key, is still running, and for how long to wait for it.
func inUse(call *prepared, err error) bool {
	var conflict *ConflictError
	return call.keyed && errors.As(err, &conflict) && conflict.HasRetryAfter &&
		conflict.RetryAfter <= longestRetryAfter
}

// jitter is anything up to a bound that doubles, so that clients do not come back all at once.
func (c *Client) jitter(retry int) time.Duration {
	bound := longestPause
	if retry < 32 && c.RetryDelay<<retry>>retry == c.RetryDelay {
		bound = min(bound, c.RetryDelay<<retry)
	}
	return time.Duration(rand.Float64() * float64(bound))
}

func isStatus(err error, status int) bool {
	var problem *APIError
	return errors.As(err, &problem) && problem.Status == status
}

// sleep waits, as long as the context does.
func sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
