package core

import "net/http"

type (
	// NotModifiedError is 304: what you have is still what there is, as IfNoneMatch asked.
	NotModifiedError struct{ APIError }
	// BadRequestError is 400: the request does not fit the contract; Violations lists all that is wrong.
	BadRequestError struct{ APIError }
	// UnauthorizedError is 401: the credential is missing, malformed, unknown or revoked.
	UnauthorizedError struct{ APIError }
	// ForbiddenError is 403: the credential may not do this.
	ForbiddenError struct{ APIError }
	// NotFoundError is 404: there is no such thing, or not in this workspace.
	NotFoundError struct{ APIError }
	// RequestTimeoutError is 408: the request took too long to arrive.
	RequestTimeoutError struct{ APIError }
	// ConflictError is 409: it contradicts what is there.
	ConflictError struct{ APIError }
	// PreconditionFailedError is 412: what IfMatch names has changed since.
	PreconditionFailedError struct{ APIError }
	// PayloadTooLargeError is 413: the body is larger than the operation takes.
	PayloadTooLargeError struct{ APIError }
	// UnsupportedMediaTypeError is 415: the body is of a kind that the operation does not take.
	UnsupportedMediaTypeError struct{ APIError }
	// UnprocessableEntityError is 422: understood, and impossible.
	UnprocessableEntityError struct{ APIError }
	// TooManyRequestsError is 429: a limit is reached; RetryAfter says for how long.
	TooManyRequestsError struct{ APIError }
	// ServerError is 5xx: the server's own fault.
	ServerError struct{ APIError }
	// TokenRefusedError says that the authorization server gave no token for the client's credentials.
	TokenRefusedError struct{ APIError }
)

// ofStatus is the error of a problem's status; of one that the contract does not know, the APIError itself.
func ofStatus(problem APIError) error {
	switch problem.Status {
	case http.StatusNotModified:
		return &NotModifiedError{problem}
	case http.StatusBadRequest:
		return &BadRequestError{problem}
	case http.StatusUnauthorized:
		return &UnauthorizedError{problem}
	case http.StatusForbidden:
		return &ForbiddenError{problem}
	case http.StatusNotFound:
		return &NotFoundError{problem}
	case http.StatusRequestTimeout:
		return &RequestTimeoutError{problem}
	case http.StatusConflict:
		return &ConflictError{problem}
	case http.StatusPreconditionFailed:
		return &PreconditionFailedError{problem}
	case http.StatusRequestEntityTooLarge:
		return &PayloadTooLargeError{problem}
	case http.StatusUnsupportedMediaType:
		return &UnsupportedMediaTypeError{problem}
	case http.StatusUnprocessableEntity:
		return &UnprocessableEntityError{problem}
	case http.StatusTooManyRequests:
		return &TooManyRequestsError{problem}
	}
	if problem.Status >= http.StatusInternalServerError {
		return &ServerError{problem}
	}
	return &problem
}
