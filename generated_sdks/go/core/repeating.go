package core

import (
	"context"
	"errors"
	"net/http"
)

// Once is the same client without retries, for those who repeat by themselves.
func (c *Client) Once() *Client {
	other := *c
	other.MaxRetries = 0
	return &other
}

// Passes says whether an answer of this status may be another one later, for a call that may be repeated.
func Passes(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return status >= http.StatusInternalServerError
}

// Wait waits after a failure for as long as the server said, or else for a random time that grows.
func (c *Client) Wait(ctx context.Context, err error, attempt int) error {
	pause := c.jitter(attempt)
	var problem *APIError
	if errors.As(err, &problem) && problem.HasRetryAfter {
		pause = problem.RetryAfter
	}
	return sleep(ctx, pause)
}
