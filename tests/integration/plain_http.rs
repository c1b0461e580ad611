//! An HTTP client for the SDK that is none of ours: hyper's, without TLS, as tests of the embedded endpoint want it.
#![expect(clippy::disallowed_types, reason = "a test asks the endpoint without our client")]

use aws_sdk_s3::config::SharedHttpClient;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as Tcp;
use hyper_util::rt::TokioExecutor;

pub(crate) fn client() -> SharedHttpClient {
    let plain = SharedHttpConnector::new(Plain(Client::builder(TokioExecutor::new()).build_http()));
    http_client_fn(move |_, _| plain.clone())
}

#[derive(Debug)]
struct Plain(Client<Tcp, SdkBody>);

impl HttpConnector for Plain {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.0.request(request.try_into_http1x().expect("a request"));
        HttpConnectorFuture::new(async {
            let answer = answer.await.map_err(|error| ConnectorError::io(error.into()))?;
            let answer = HttpResponse::try_from(answer.map(SdkBody::from_body_1_x));
            answer.map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}
