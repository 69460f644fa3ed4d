package core

import (
	"context"
	"encoding/json"
	"net/http"
)

// Response is what is said about an answer, beside what it gives.
type Response struct {
	Status  int
	Header  http.Header
	TraceID string
	// ETag is for IfMatch and IfNoneMatch.
	ETag string
	// Meta is what the answer says about itself, such as the question as it was understood.
	Meta json.RawMessage
}

type responseKey struct{}

// Observe gives a context under which each good answer is told in response, one over the other. It is for
// one call at a time.
func Observe(ctx context.Context, response *Response) context.Context {
	return context.WithValue(ctx, responseKey{}, response)
}

func observe(ctx context.Context, answer *answer) {
	response, ok := ctx.Value(responseKey{}).(*Response)
	if !ok {
		return
	}
	*response = Response{
		Status:  answer.status,
		Header:  answer.header,
		TraceID: traceID(answer.header),
		ETag:    answer.header.Get("ETag"),
	}
	var whole envelope
	if json.Unmarshal(answer.body, &whole) == nil {
		response.Meta = whole.Meta
	}
}
