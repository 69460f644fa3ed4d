package cloudmetrics

import (
	"context"

	"cloudmetrics.example/go/cloudmetrics/core"
)

// ErrCredentialMissing says that neither a key nor a client id was given.
var ErrCredentialMissing = core.ErrCredentialMissing

// What goes wrong. errors.As finds each of the statuses' errors, and APIError for all of them.
type (
	// ArgumentError is a call that was refused before anything was sent.
	ArgumentError = core.ArgumentError
	// ConnectionError says that no answer came in time, or only a part of one.
	ConnectionError = core.ConnectionError
	// InvalidAnswerError is an answer that does not keep to the contract.
	InvalidAnswerError = core.InvalidAnswerError
	// APIError is the API's own no, whatever its status.
	APIError = core.APIError
	// Violation is one thing in the request that the contract does not allow.
	Violation = core.Violation

	// NotModifiedError is 304.
	NotModifiedError = core.NotModifiedError
	// BadRequestError is 400.
	BadRequestError = core.BadRequestError
	// UnauthorizedError is 401.
	UnauthorizedError = core.UnauthorizedError
	// TokenRefusedError says that there is no token for the client's credentials.
	TokenRefusedError = core.TokenRefusedError
	// ForbiddenError is 403.
	ForbiddenError = core.ForbiddenError
	// NotFoundError is 404.
	NotFoundError = core.NotFoundError
	// RequestTimeoutError is 408.
	RequestTimeoutError = core.RequestTimeoutError
	// ConflictError is 409.
	ConflictError = core.ConflictError
	// PreconditionFailedError is 412.
	PreconditionFailedError = core.PreconditionFailedError
	// PayloadTooLargeError is 413.
	PayloadTooLargeError = core.PayloadTooLargeError
	// UnsupportedMediaTypeError is 415.
	UnsupportedMediaTypeError = core.UnsupportedMediaTypeError
	// UnprocessableEntityError is 422.
	UnprocessableEntityError = core.UnprocessableEntityError
	// TooManyRequestsError is 429.
	TooManyRequestsError = core.TooManyRequestsError
	// ServerError is 5xx.
	ServerError = core.ServerError
)

// What methods give.
type (
	// Pager is a list, over all pages with All, or page by page with Pages.
	Pager[T any] = core.Pager[T]
	// Page is some things of a list.
	Page[T any] = core.Page[T]
	// EventStream is a stream of Server-Sent Events, which goes on where a broken connection left off.
	EventStream = core.EventStream
	// ServerSentEvent is an event of a stream.
	ServerSentEvent = core.ServerSentEvent
	// Response is what is said about an answer, beside what it gives.
	Response = core.Response
)

// Observe gives a context under which each good answer is told in response. It is for one call at a time:
//
//	var response cloudmetrics.Response
//	goal, err := client.Goals.Get(cloudmetrics.Observe(ctx, &response), id, nil)
//	fmt.Println(response.ETag)
func Observe(ctx context.Context, response *Response) context.Context {
	return core.Observe(ctx, response)
}

// Ptr gives a pointer to a value, for what may be left out.
func Ptr[T any](value T) *T { return &value }
