package core

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"cloudmetrics.example/go/cloudmetrics/generated/models"
)

// ErrCredentialMissing says that neither a key nor a client id was given.
var ErrCredentialMissing = errors.New(
	"cloudmetrics: no credential; use WithAPIKey, or set CLOUDMETRICS_API_KEY, or use WithClientCredentials")

// ArgumentError is a call that was refused before anything was sent.
type ArgumentError struct{ Message string }

func (e *ArgumentError) Error() string { return "cloudmetrics: " + e.Message }

// ConnectionError says that no answer came, or only a part of one.
type ConnectionError struct {
	Err error
	// Sent is false where the request cannot have reached the server.
	Sent bool
	late bool
}

func (e *ConnectionError) Error() string {
	return "cloudmetrics: no whole answer came: " + e.Err.Error()
}

// Unwrap gives what the connection said.
func (e *ConnectionError) Unwrap() error { return e.Err }

// Timeout says that there was no whole answer within the client's timeout.
func (e *ConnectionError) Timeout() bool { return e.late }

// InvalidAnswerError is an answer that does not keep to the contract, such as a page of a proxy.
type InvalidAnswerError struct {
	Status  int
	TraceID string
	Message string
}

func (e *InvalidAnswerError) Error() string { return "cloudmetrics: " + e.Message }

// Violation is one thing in the request that the contract does not allow. Pointer or Parameter says where.
type Violation struct {
	Field     string `json:"field"`
	Code      string `json:"code"`
	Message   string `json:"message"`
	Pointer   string `json:"pointer,omitempty"`
	Parameter string `json:"parameter,omitempty"`
}

// APIError is the API's own no. Code is for programs, Detail for people, TraceID for our support.
//
// Each status has a type of its own, such as NotFoundError; errors.As finds those and this one alike.
type APIError struct {
	Status     int
	Code       models.ErrorCode
	Title      string
	Detail     string
	TraceID    string
	Details    map[string]any
	Violations []Violation
	// RetryAfter says for how long to wait, where HasRetryAfter says that the server told.
	RetryAfter    time.Duration
	HasRetryAfter bool
	Header        http.Header
}

func (e *APIError) Error() string {
	var made strings.Builder
	fmt.Fprintf(&made, "cloudmetrics: %d %s", e.Status, e.Code)
	if said := orElse(e.Detail, e.Title); said != "" {
		fmt.Fprintf(&made, ": %s", said)
	}
	for i, each := range e.Violations {
		if i > 0 {
			made.WriteByte(';')
		}
		where := orElse(orElse(each.Pointer, each.Parameter), each.Field)
		fmt.Fprintf(&made, " %s: %s", where, strings.TrimSuffix(each.Message, "."))
	}
	if e.TraceID != "" {
		fmt.Fprintf(&made, " (trace %s)", e.TraceID)
	}
	return made.String()
}

// As lets errors.As find the APIError inside of the error of a status.
func (e *APIError) As(target any) bool {
	wanted, ok := target.(**APIError)
	if ok {
		*wanted = e
	}
	return ok
}

// fromAnswer is the error that an answer means, whatever its body holds.
func fromAnswer(answer *answer) error {
	return ofStatus(problemOf(answer))
}

// problemOf reads a problem document field by field, so that one of a wrong type spoils no other.
func problemOf(answer *answer) APIError {
	var fields map[string]any
	if json.Unmarshal(answer.body, &fields) != nil {
		fields = nil
	}
	made := APIError{Status: answer.status, Header: answer.header}
	made.Code = models.ErrorCode(orElse(textOf(fields, "code"), fmt.Sprintf("HTTP_%d", answer.status)))
	made.Title, made.Detail = textOf(fields, "title"), textOf(fields, "detail")
	made.TraceID = orElse(textOf(fields, "trace_id"), traceID(answer.header))
	made.Details, _ = fields["details"].(map[string]any)
	listed, _ := fields["errors"].([]any)
	for _, each := range listed {
		if named, ok := each.(map[string]any); ok {
			made.Violations = append(made.Violations, Violation{
				Field: textOf(named, "field"), Code: textOf(named, "code"), Message: textOf(named, "message"),
				Pointer: textOf(named, "pointer"), Parameter: textOf(named, "parameter"),
			})
		}
	}
	made.RetryAfter, made.HasRetryAfter = retryAfter(answer.header)
	return made
}

func textOf(fields map[string]any, name string) string {
	text, _ := fields[name].(string)
	return text
}

// traceID is the trace that traceparent names, by which we find a request.
func traceID(header http.Header) string {
	parts := strings.Split(header.Get("Traceparent"), "-")
	if len(parts) != 4 {
		return ""
	}
	return parts[1]
}

// retryAfter is the time until it makes sense to try again, from a number or a date.
func retryAfter(header http.Header) (time.Duration, bool) {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		if math.IsNaN(seconds) || seconds > math.MaxInt64/float64(time.Second)/2 {
			return 0, false
		}
		return time.Duration(max(0, seconds) * float64(time.Second)), true
	}
	moment, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return max(0, time.Until(moment)), true
}
