
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0002_carrier_scans'),
    ]

    operations = [
        migrations.AddField(
            model_name='order',
            name='email_failed_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='Empty: as far as we know it does.', null=True, verbose_name='address takes no mail since'),
        ),
        migrations.AlterField(
            model_name='workitem',
            name='reason',
            field=models.CharField(choices=[('payment_unexpected', 'a payment does not fit its order'), ('payment_stuck', 'a payment is not decided'), ('decide_payment', 'an authorised payment must be decided'), ('overpaid', 'a customer paid too much'), ('refund_by_hand', 'money must be paid back by hand'), ('api_version', 'the payment provider speaks another version'), ('refund_failed', 'a refund failed'), ('refund_stuck', 'a refund does not arrive'), ('refund_approval', 'a refund waits for approval'), ('supplier_credit', 'a supplier owes us money'), ('order_held', 'an order is held'), ('dispute', "a customer's bank takes a payment back"), ('card_testing', 'somebody tries out stolen cards'), ('money_finding', "our books and Stripe's differ"), ('not_compared', "our books are not compared with Stripe's"), ('supplier_refused', 'a supplier refused an order'), ('supplier_silent', 'a supplier does not answer'), ('supplier_key', 'a supplier refuses our key'), ('supplier_garbage', "a supplier's answer makes no sense"), ('parcel_garbage', "a supplier's news of a parcel makes no sense"), ('supplier_hold', 'a supplier holds an order'), ('backordered', 'backordered goods do not come in'), ('not_sent', 'a supplier has not sent in time'), ('supplier_doubt', 'nobody knows whether a supplier has an order'), ('quarantined', 'set aside after failing again and again'), ('no_offer', 'no supplier has it'), ('cancellation_by_hand', 'a cancellation must be asked for by a person'), ('cancellation_silent', 'a cancellation has no answer in time'), ('cancelled_sent', 'cancelled goods were sent'), ('approval', 'goods wait for a pharmacist'), ('audit', 'something does not add up'), ('late', 'goods come late'), ('parcel_silent', 'a parcel does not move'), ('tracking_silent', "the carriers' scans are not told"), ('carrier_garbage', "a carrier's news of a parcel makes no sense"), ('parcel_trouble', 'a parcel needs attention'), ('parcel_back', 'a parcel comes back'), ('return_silent', 'a return does not move'), ('review_to_decide', 'a review waits to be read'), ('case_late', 'a case waits too long'), ('incoming_failed', 'a message from outside could not be worked on'), ('reaction_failed', 'a consequence keeps failing'), ('mail_failed', 'a mail cannot be sent'), ('unreachable', "a customer's address takes no mail"), ('endpoint_failed', 'an address that is told of events does not take them')], max_length=30, verbose_name='reason'),
        ),
    ]
