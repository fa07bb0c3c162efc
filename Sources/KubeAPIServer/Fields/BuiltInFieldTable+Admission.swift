extension BuiltInFieldTable {
  /// The types of `admissionregistration.k8s.io`.
  static let admission = """
    AdmissionregistrationV1ServiceReference name:s namespace:s path:s port:i
    AdmissionregistrationV1WebhookClientConfig caBundle:s service:AdmissionregistrationV1ServiceReference url:s
    AuditAnnotation key:s valueExpression:s
    ExpressionWarning fieldRef:s warning:s
    MatchCondition expression:s name:s
    MatchResources excludeResourceRules:[NamedRuleWithOperations] matchPolicy:s namespaceSelector:LabelSelector
     objectSelector:LabelSelector resourceRules:[NamedRuleWithOperations]
    MutatingWebhook admissionReviewVersions:[s] clientConfig:AdmissionregistrationV1WebhookClientConfig failurePolicy:s
     matchConditions:[MatchCondition] matchPolicy:s name:s namespaceSelector:LabelSelector objectSelector:LabelSelector
     reinvocationPolicy:s rules:[RuleWithOperations] sideEffects:s timeoutSeconds:i
    MutatingWebhookConfiguration apiVersion:s kind:s metadata:ObjectMeta webhooks:[MutatingWebhook]
    NamedRuleWithOperations apiGroups:[s] apiVersions:[s] operations:[s] resourceNames:[s] resources:[s] scope:s
    ParamKind apiVersion:s kind:s
    ParamRef name:s namespace:s parameterNotFoundAction:s selector:LabelSelector
    RuleWithOperations apiGroups:[s] apiVersions:[s] operations:[s] resources:[s] scope:s
    TypeChecking expressionWarnings:[ExpressionWarning]
    ValidatingAdmissionPolicy apiVersion:s kind:s metadata:ObjectMeta spec:ValidatingAdmissionPolicySpec
     status:ValidatingAdmissionPolicyStatus
    ValidatingAdmissionPolicyBinding apiVersion:s kind:s metadata:ObjectMeta spec:ValidatingAdmissionPolicyBindingSpec
    ValidatingAdmissionPolicyBindingSpec matchResources:MatchResources paramRef:ParamRef policyName:s
     validationActions:[s]
    ValidatingAdmissionPolicySpec auditAnnotations:[AuditAnnotation] failurePolicy:s matchConditions:[MatchCondition]
     matchConstraints:MatchResources paramKind:ParamKind validations:[Validation] variables:[Variable]
    ValidatingAdmissionPolicyStatus conditions:[Condition] observedGeneration:i typeChecking:TypeChecking
    ValidatingWebhook admissionReviewVersions:[s] clientConfig:AdmissionregistrationV1WebhookClientConfig
     failurePolicy:s matchConditions:[MatchCondition] matchPolicy:s name:s namespaceSelector:LabelSelector
     objectSelector:LabelSelector rules:[RuleWithOperations] sideEffects:s timeoutSeconds:i
    ValidatingWebhookConfiguration apiVersion:s kind:s metadata:ObjectMeta webhooks:[ValidatingWebhook]
    Validation expression:s message:s messageExpression:s reason:s
    Variable expression:s name:s
    """
}
